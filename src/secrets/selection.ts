import type { Tags } from '#src/aws/port'
import type { SecretMetadata } from '#src/aws/secret'
import type { AnyName } from '#src/environments/names'
import { invalidRequest } from '#src/problems/problem'

/** Criteria that match secrets exactly, unlike AWS's filters, which match loosely. */
export interface Selection {
  namePrefix?: string
  tags?: Tags
}

/** Returns true if the secret's name begins with the prefix, and the secret has all of the given tags with the given values. */
export const selects = (
  { namePrefix = '', tags: wanted = {} }: Selection, { name, tags = {} }: Pick<SecretMetadata<AnyName>, 'name' | 'tags'>
): boolean =>
  name.startsWith(namePrefix) && Object.entries(wanted).every(([key, value]) => Object.hasOwn(tags, key) && tags[key] === value)

/**
 * Parses the query parameter `tag`. Each of its values is a tag's key, `=` and the tag's value, so a key can't contain `=`.
 *
 * @throws Problem `invalid-request` if two values have the same key, because no secret can have both tags
 */
export function tagsFrom (pairs: readonly string[] = []): Tags {
  const tags = new Map<string, string>()
  for (const [index, pair] of pairs.entries()) {
    const key = pair.slice(0, pair.indexOf('='))
    if (tags.has(key)) throw invalidRequest({ in: 'query', pointer: `/tag/${index}`, message: 'must NOT name a tag key again' })
    tags.set(key, pair.slice(key.length + 1))
  }
  return Object.fromEntries(tags)
}
