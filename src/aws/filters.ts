import type { Environment } from '#src/environments/environment'
import { maximumNameLength } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { invalidRequest } from '#src/problems/problem'
import type { SecretFilters } from './port.ts'
import type { Filter } from './types.ts'

/**
 * Converts filters to AWS's form. The name filter always includes the environment's prefix.
 *
 * @throws Problem `invalid-request` if the environment's prefix and `namePrefix` together exceed the maximum length of a name
 */
export function awsFilters ({ namePrefix: ofEnvironment }: Environment, filters: SecretFilters = {}): Filter[] {
  const { namePrefix = '', description, tagKey, tagValue, all } = filters
  const name = ofEnvironment + namePrefix
  if (name.length > maximumNameLength) {
    throw invalidRequest({ in: 'query', pointer: '/namePrefix', message: 'must NOT be longer than a name can be in this environment' })
  }
  const values = {
    name: name || undefined,
    description,
    'tag-key': tagKey,
    'tag-value': tagValue,
    all
  }
  return Object.entries(compact(values)).map(([key, value]) => ({ Key: key as keyof typeof values, Values: [value] }))
}
