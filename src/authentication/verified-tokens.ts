import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Monotonic } from '#src/clock'
import type { Caller } from './caller.ts'

/** The caller of a verified token, and the token's expiry time in milliseconds since the epoch. */
export interface Verified {
  readonly caller: Caller
  readonly expires: number
}

/** Verifies a token. @throws Problem `unauthenticated`, `identity-provider-unavailable` */
export type TokenVerifier = (token: string, now: number) => Promise<Verified>

/** A verifier that returns a cached result directly, not as a promise, so that the request continues without a delay. */
export type CachingVerifier = (token: string, now: number) => Verified | Promise<Verified>

/** Milliseconds after which a token is verified again, so that a revoked signing key stops working. */
const cacheTime = 60_000

const maximumTokens = 10_000

/**
 * Caches a verifier's results for a short time, because verifying a signature is the most expensive part of a request. The expiry
 * is a date and is compared with `now`. The time in the cache is measured by `monotonic`.
 */
export function cacheVerified (verify: TokenVerifier, monotonic: Monotonic): CachingVerifier {
  const tokens = new LRUCache<string, Verified & { since: number }>({ max: maximumTokens })
  return (token, now) => {
    const key = hash('sha256', token, 'base64')
    const known = tokens.get(key)
    if (known !== undefined && now < known.expires && monotonic() - known.since < cacheTime) return known
    return verifyAndCache(token, now, key)
  }

  async function verifyAndCache (token: string, now: number, key: string): Promise<Verified> {
    const since = monotonic()
    const verified = await verify(token, now)
    tokens.set(key, { ...verified, since })
    return verified
  }
}
