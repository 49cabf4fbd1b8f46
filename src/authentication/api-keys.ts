import { createHash, timingSafeEqual } from 'node:crypto'
import { Type, type Static } from '@sinclair/typebox'
import { closed, Id } from '../typebox.ts'
import type { Caller } from './caller.ts'

/** An API key in the configuration: who it is, and the SHA-256 of the token. */
export const ApiKeySchema = Type.Object({
  id: Id(),
  hash: Type.String({ pattern: '^sha256:[0-9a-f]{64}$', description: 'sha256: and the hexadecimal SHA-256 of the token' }),
  groups: Type.Optional(Type.Array(Id(), { uniqueItems: true })),
  expires: Type.Optional(Type.String({
    pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}:\\d{2}Z)?$',
    description: 'the moment from which it is refused, in UTC'
  }))
}, closed)

export type ApiKey = Static<typeof ApiKeySchema>

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/** What the configuration holds of a token. A plain hash does for 256 random bits; it would not for a password. */
export const hashToken = (token: string): string => `sha256:${sha256(token).toString('hex')}`

/**
 * Finds the caller whose key a bearer token is. Every key is compared, in constant time, so that neither an unknown token nor a
 * nearly right one is answered sooner.
 *
 * @param now milliseconds since the epoch
 */
export function apiKeyAuthenticator (apiKeys: readonly ApiKey[]): (token: string, now: number) => Caller | undefined {
  const known = apiKeys.map(({ id, hash, groups, expires }) => ({
    caller: { id, groups: groups ?? [] },
    hash: Buffer.from(hash.slice('sha256:'.length), 'hex'),
    expires: expires === undefined ? Infinity : Date.parse(expires)
  }))
  return (token, now) => {
    const hash = sha256(token)
    const [match] = known.filter((key) => timingSafeEqual(key.hash, hash))
    // Written so that a date that can't be read is an expired one.
    return match !== undefined && now < match.expires ? match.caller : undefined
  }
}
