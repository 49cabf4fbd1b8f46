import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { Type, type Static } from '@sinclair/typebox'
import { closed, Id } from '#src/schema/types'
import { caller, type Caller } from './caller.ts'

/** An API key in the configuration: who it is, and the SHA-256 of the token. */
export const ApiKeySchema = Type.Object({
  id: Id(),
  hash: Type.String({
    pattern: '^sha256:[0-9a-f]{64}$',
    description: 'the hash that `secretsctl keys create` prints: sha256: and 64 hexadecimal digits in lower case'
  }),
  groups: Type.Optional(Type.Array(Id(), { uniqueItems: true })),
  expires: Type.Optional(Type.String({
    pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}:\\d{2}Z)?$',
    description: 'the moment from which it is refused, in UTC: 2027-06-30 or 2027-06-30T12:00:00Z'
  }))
}, closed)

export type ApiKey = Static<typeof ApiKeySchema>

/** Milliseconds since the epoch from which a key is refused. */
export const expiryOf = ({ expires }: Pick<ApiKey, 'expires'>): number => expires === undefined ? Infinity : Date.parse(expires)

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/** What the configuration holds of a token. A plain hash does for 256 random bits; it would not for a password. */
export const hashToken = (token: string): string => `sha256:${sha256(token).toString('hex')}`

/**
 * A new token: a prefix by which scanners of repositories and logs know it, the ID, so that it is clear which key to take out of
 * the configuration, and 256 random bits. The gateway itself goes by the hash alone.
 */
export const newApiKey = (id: string): string => `sgw_${id}.${randomBytes(32).toString('base64url')}`

/**
 * Finds the caller whose key a bearer token is. An ID may have several keys, so that one can replace another. Every key is
 * compared, in constant time, so that neither an unknown token nor a nearly right one is answered sooner.
 *
 * @param now milliseconds since the epoch
 */
export function apiKeyAuthenticator (apiKeys: readonly ApiKey[]): (token: string, now: number) => Caller | undefined {
  const known = apiKeys.map((key) => ({
    caller: caller('api-key', key.id, key.groups),
    hash: Buffer.from(key.hash.slice('sha256:'.length), 'hex'),
    expires: expiryOf(key)
  }))
  return (token, now) => {
    const hash = sha256(token)
    const [match] = known.filter((key) => timingSafeEqual(key.hash, hash))
    // Written so that a date that can't be read is an expired one.
    return match !== undefined && now < match.expires ? match.caller : undefined
  }
}
