import { shapes } from '#src/aws-model/shapes'
import type { Environment } from '#src/environments/environment'
import { maximumNameLength } from '#src/environments/names'
import { invalidRequest } from '#src/problems/problem'
import type { SecretFilters } from './port.ts'
import type { Filter } from './types.ts'

type Key = NonNullable<Filter['Key']>

/**
 * Converts filters to AWS's form. The name filter always includes the environment's prefix.
 *
 * A tag becomes up to two filters: one for its key and one for its value. They match every secret that has the tag, but may match
 * other secrets, too. If there are more filters than AWS allows, filters for tags are left out.
 *
 * @throws Problem `invalid-request` if the environment's prefix and `namePrefix` together exceed the maximum length of a name
 */
export function awsFilters ({ namePrefix: ofEnvironment }: Environment, filters: SecretFilters = {}): Filter[] {
  const { namePrefix = '', description, tagKey, tagValue, all, tags = {} } = filters
  const name = ofEnvironment + namePrefix
  if (name.length > maximumNameLength) {
    throw invalidRequest({ in: 'query', pointer: '/namePrefix', message: 'must NOT be longer than a name can be in this environment' })
  }
  const given: [Key, string | undefined][] = [
    ['name', name || undefined],
    ['description', description],
    ['tag-key', tagKey],
    ['tag-value', tagValue],
    ['all', all]
  ]
  const narrowing = Object.entries(tags).flatMap(([key, value]): [Key, string][] => [['tag-key', key], ['tag-value', value]])
  return [...given, ...narrowing.filter(([, value]) => isPrefix(value))]
    .flatMap(([Key, value]) => value === undefined ? [] : [{ Key, Values: [value] }])
    .slice(0, shapes.FiltersListType.max)
}

const filterValue = new RegExp(shapes.FilterValueStringType.pattern)

/** Returns true if AWS accepts the text as a filter's value and does not take it for a negation. */
const isPrefix = (text: string): boolean => text !== '' && !text.startsWith('!') && filterValue.test(text)
