import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Caller } from './caller.ts'

/** The caller of a verified token, and the token's expiry time in milliseconds since the epoch. */
export interface Verified {
  readonly caller: Caller
  readonly expires: number
}

/** Verifies a token. @throws Problem `unauthenticated`, `identity-provider-unavailable` */
export type TokenVerifier = (token: string, now: number) => Promise<Verified>

/** Milliseconds after which a token is verified again, so that the revocation of a key takes effect. */
const cacheTime = 60_000

const maximumTokens = 10_000

/** Caches the results of a verifier for a short time: verifying a signature is the most expensive part of a request. */
export function cacheVerified (verify: TokenVerifier): TokenVerifier {
  const tokens = new LRUCache<string, Verified & { since: number }>({ max: maximumTokens })
  return async (token, now) => {
    const hash = createHash('sha256').update(token).digest('base64')
    const known = tokens.get(hash)
    if (known !== undefined && now < known.expires && Math.abs(now - known.since) < cacheTime) return known
    const verified = await verify(token, now)
    tokens.set(hash, { ...verified, since: now })
    return verified
  }
}
