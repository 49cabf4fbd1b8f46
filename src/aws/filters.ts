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
 * other secrets, too. If there are more filters than AWS allows, some filters for tags are left out.
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

/** Returns true if AWS accepts the text as a filter's value and does not treat it as a negation. */
const isPrefix = (text: string): boolean => text !== '' && !text.startsWith('!') && filterValue.test(text)

type GivenFilter = Readonly<Partial<Pick<Filter, 'Key'>>> & { readonly Values?: readonly string[] | undefined }

interface NarrowedFilters {
  /** The filters for AWS. Undefined if no secret of the environment can match. */
  readonly filters: readonly GivenFilter[] | undefined
  /** Returns true if the filters on names match this name, which is that of the secret in AWS. */
  readonly selects: (awsName: string) => boolean
}

/**
 * Restricts filters in AWS's own form to an environment, so that AWS never searches other secrets. Otherwise, the duration of a
 * list could reveal which secrets of other environments match.
 *
 * AWS accepts only one filter for names, so the caller's filter replaces the environment's. If the caller's filter has a negated
 * value, AWS gets the environment's filter instead, and `selects` checks each name.
 */
export function narrowFilters ({ namePrefix }: Environment, given: readonly GivenFilter[] = []): NarrowedFilters {
  if (namePrefix === '') return { filters: given, selects: () => true }
  const names = given.flatMap(({ Key, Values }) => Key === 'name' && Values !== undefined ? [Values] : [])
  const filters = given.map((filter) => filter.Key === 'name' && filter.Values !== undefined
    ? { ...filter, Values: valuesWithin(namePrefix, filter.Values) }
    : filter)
  const own = names.length > 0 ? [] : [{ Key: 'name', Values: [namePrefix] } as const]
  return {
    filters: filters.some(({ Values }) => Values?.length === 0) ? undefined : [...own, ...filters],
    selects: (awsName) => names.every((values) => values.some((value) => matches(awsName, value)))
  }
}

/**
 * Narrows a filter on names, so that it selects only names with the prefix. Returns the new values. A value that is the
 * beginning of the prefix becomes the prefix, and other values without the prefix are dropped. If a value is negated with `!`,
 * the prefix is the only value.
 */
function valuesWithin (prefix: string, values: readonly string[]): string[] {
  if (values.some((value) => value.startsWith('!'))) return [prefix]
  const within = values.flatMap((value) => value.startsWith(prefix) ? [value] : prefix.startsWith(value) ? [prefix] : [])
  return [...new Set(within)]
}

/** Returns true if a value of a filter for names matches a name. As in AWS, upper and lower case differ. */
const matches = (name: string, value: string): boolean =>
  value.startsWith('!') ? !name.startsWith(value.slice(1)) : name.startsWith(value)
