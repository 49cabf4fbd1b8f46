import { type Input } from '../protocol/input.ts'
import { type Scope, type Secret } from '../store/secrets.ts'
import { tagsOf } from '../store/tags.ts'
import { type Store } from '../store/store.ts'
import { words } from './words.ts'

export type Filter = NonNullable<Input<'ListSecrets'>['Filters']>[number]

type Key = NonNullable<Filter['Key']>

/** What a filter's value is held against. */
interface Searched {
  texts: readonly (string | null)[]
  matches: (texts: readonly string[], value: string) => boolean
}

/**
 * Whether a secret passes all filters. Of one filter's values one must match; a `!` before a value turns it round.
 * What matches is different for each key: see `searched`.
 */
export function passesFilters (store: Store, scope: Scope, secret: Secret, filters: readonly Filter[]): boolean {
  return filters.every(({ Key = 'all', Values = [] }) => {
    const { texts, matches } = searched[Key](secret, store, scope)
    const present = texts.filter((text) => text !== null)
    return Values.some((value) => value.startsWith('!') ? !matches(present, value.slice(1)) : matches(present, value))
  })
}

const searched: Record<Key, (secret: Secret, store: Store, scope: Scope) => Searched> = {
  name: ({ name }) => ({ texts: [name], matches: byPrefix }),
  description: ({ description }) => ({ texts: [description], matches: byWords }),
  'tag-key': (secret, store) => ({ texts: tags(store, secret, 'Key'), matches: byPrefix }),
  'tag-value': (secret, store) => ({ texts: tags(store, secret, 'Value'), matches: byPrefix }),
  'primary-region': (_secret, _store, { region }) => ({ texts: [region], matches: byPrefix }),
  // No other service keeps its secrets here.
  'owning-service': () => ({ texts: [], matches: byPrefix }),
  all: (secret, store) => ({
    texts: [secret.name, secret.description, ...tags(store, secret, 'Key'), ...tags(store, secret, 'Value')],
    matches: byWords
  })
}

function byPrefix (texts: readonly string[], value: string): boolean {
  return texts.some((text) => text.startsWith(value))
}

/** Each word of the value must begin some word of the texts. A value without a word matches nothing. */
function byWords (texts: readonly string[], value: string): boolean {
  const sought = words(value)
  const found = texts.flatMap(words)
  return sought.length > 0 && sought.every((prefix) => found.some((word) => word.startsWith(prefix)))
}

function tags (store: Store, secret: Secret, member: 'Key' | 'Value'): string[] {
  return (tagsOf(store, secret) ?? []).map((tag) => tag[member])
}
