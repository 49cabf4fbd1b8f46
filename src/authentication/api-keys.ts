import { hash, randomBytes } from 'node:crypto'
import { Type, type Static } from '@sinclair/typebox'
import { closed, Id } from '#src/schema/types'
import { caller, type Identity } from './caller.ts'

/** An API key in the configuration: the caller's ID and the SHA-256 hash of the token. */
export const ApiKeySchema = Type.Object({
  id: Id(),
  hash: Type.String({
    pattern: '^sha256:[0-9a-f]{64}$',
    description: 'the hash that `secretsctl keys create` prints: sha256: and 64 hexadecimal digits in lower case'
  }),
  groups: Type.Optional(Type.Array(Id(), { uniqueItems: true })),
  expires: Type.Optional(Type.String({
    pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}:\\d{2}Z)?$',
    description: 'the expiry time in UTC: 2027-06-30 or 2027-06-30T12:00:00Z'
  }))
}, closed)

export type ApiKey = Static<typeof ApiKeySchema>

/** Returns a key's expiry time, in milliseconds since the epoch. Infinity if the key never expires. */
export const expiryOf = ({ expires }: Pick<ApiKey, 'expires'>): number => expires === undefined ? Infinity : Date.parse(expires)

/**
 * Returns a token's hash in the format used in the configuration. A fast hash function is safe, because nobody can guess the 256
 * random bits of a token. Only passwords need a slow one.
 */
export const hashToken = (token: string): string => `sha256:${hash('sha256', token)}`

/**
 * Generates a token. It consists of a prefix that secret scanners can recognize, the caller's ID, and 256 random bits. If the
 * token leaks, the ID shows which key to revoke. The gateway itself only compares the token's hash.
 */
export const newApiKey = (id: string): string => `sgw_${id}.${randomBytes(32).toString('base64url')}`

/**
 * Creates a function that returns the owner of the API key with a given hash, or undefined if the key is unknown or has expired.
 * An ID may have several keys, for key rotation. Keys are looked up by their hash, so the response time can reveal something
 * about the hash at most, and the key can't be derived from that.
 *
 * The function's `now` is in milliseconds since the epoch.
 */
export function apiKeyAuthenticator (apiKeys: readonly ApiKey[]): (hash: string, now: number) => Identity | undefined {
  const known = new Map(apiKeys.map((key): [string, Identity] => {
    const { id, hash, groups } = key
    return [hash, { caller: caller('api-key', id, groups), expires: expiryOf(key), proof: { method: 'api-key', id, hash } }]
  }))
  return (hash, now) => {
    const match = known.get(hash)
    // The comparison is false for NaN, so a key whose date can't be parsed counts as expired.
    return match !== undefined && now < match.expires ? match : undefined
  }
}
