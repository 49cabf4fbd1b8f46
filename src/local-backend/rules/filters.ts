import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { Secret } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'
import { tagsOf } from '#src/local-backend/store/tags'
import { words } from './words.ts'

export type Filter = NonNullable<Input<'ListSecrets'>['Filters']>[number]

type Key = NonNullable<Filter['Key']>

/** Where a filter's values are looked for. */
interface Searched {
  texts: (secret: Secret, store: Store) => readonly (string | null)[]
  /** Splits a value and the texts alike: each part of the value must begin some part of the texts. */
  split: (text: string) => string[]
}

const whole = (text: string): string[] => [text]

const searched: Record<Key, Searched> = {
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
 * Gives what tells whether a secret passes all filters. Of one filter's values one must match; a `!` before a value turns it
 * round. What matches is different for each key: see `searched`. Throws InvalidParameterException for half a filter.
 */
export function filterBy (store: Store, filters: readonly Filter[]): (secret: Secret) => boolean {
  const tests = filters.map(({ Key, Values }) => {
    if (Key === undefined || Values === undefined) throw errors.filterIncomplete()
    const { texts, split } = searched[Key]
    const values = Values.map((value) => {
      const turned = value.startsWith('!')
      return { turned, sought: split(turned ? value.slice(1) : value) }
    })
    return (secret: Secret): boolean => {
      const found = texts(secret, store).filter((text) => text !== null).flatMap(split)
      return values.some(({ turned, sought }) => matches(found, sought) !== turned)
    }
  })
  return (secret) => tests.every((passes) => passes(secret))
}

/** A value without a part, which is one without a word, matches nothing. */
function matches (found: readonly string[], sought: readonly string[]): boolean {
  return sought.length > 0 && sought.every((prefix) => found.some((part) => part.startsWith(prefix)))
}

function tags (store: Store, secret: Secret, member: 'Key' | 'Value'): string[] {
  return (tagsOf(store, secret) ?? []).map((tag) => tag[member])
}
