import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { Secret } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'
import { tagsOf } from '#src/local-backend/store/tags'
import { words } from './words.ts'

export type Filter = NonNullable<Input<'ListSecrets'>['Filters']>[number]

type Key = NonNullable<Filter['Key']>

/** The data that a filter key searches, and the way in which it compares values. */
interface SearchedField {
  texts: (secret: Secret, store: Store) => readonly (string | null)[]
  /**
   * Splits a filter's value, and the searched strings, into parts. The value matches if each of its parts is a prefix of at least
   * one part of the searched strings.
   */
  split: (text: string) => string[]
}

const whole = (text: string): string[] => [text]

const searchedFields: Record<Key, SearchedField> = {
  name: { texts: ({ name }) => [name], split: whole },
  description: { texts: ({ description }) => [description], split: words },
  'tag-key': { texts: (secret, store) => tags(store, secret, 'Key'), split: whole },
  'tag-value': { texts: (secret, store) => tags(store, secret, 'Value'), split: whole },
  'primary-region': { texts: ({ primaryRegion }) => [primaryRegion], split: whole },
  'owning-service': { texts: ({ owningService }) => [owningService], split: whole },
  all: {
    texts: (secret, store) => [secret.name, secret.description, ...tags(store, secret, 'Key'), ...tags(store, secret, 'Value')],
    split: words
  }
}

/**
 * Returns a predicate for the secrets that pass all filters. A secret passes a filter if it matches at least one of the filter's
 * values. A leading `!` negates a value. The filter's key determines how values are compared; see `searchedFields`.
 *
 * @throws AwsError `InvalidParameterException` for a filter without a key or values
 */
export function filterBy (store: Store, filters: readonly Filter[]): (secret: Secret) => boolean {
  const tests = filters.map(({ Key, Values }) => {
    if (Key === undefined || Values === undefined) throw errors.filterIncomplete()
    const { texts, split } = searchedFields[Key]
    const values = Values.map((value) => {
      const negated = value.startsWith('!')
      return { negated, prefixes: split(negated ? value.slice(1) : value) }
    })
    return (secret: Secret): boolean => {
      const found = texts(secret, store).filter((text) => text !== null).flatMap(split)
      return values.some(({ negated, prefixes }) => matches(found, prefixes) !== negated)
    }
  })
  return (secret) => tests.every((passes) => passes(secret))
}

/**
 * Returns true if each prefix is the beginning of at least one string in `found`. Returns false if there are no prefixes, for
 * example because the filter's value contains no words.
 */
function matches (found: readonly string[], prefixes: readonly string[]): boolean {
  return prefixes.length > 0 && prefixes.every((prefix) => found.some((part) => part.startsWith(prefix)))
}

function tags (store: Store, secret: Secret, member: 'Key' | 'Value'): string[] {
  return (tagsOf(store, secret) ?? []).map((tag) => tag[member])
}
