import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { getOrCreate } from '#src/collections/get-or-create'
import type { Monotonic } from '#src/clock'
import type { Caller } from './caller.ts'

/** The caller of a verified token, and the token's expiry time in milliseconds since the epoch. */
export interface Verified {
  readonly caller: Caller
  readonly expires: number
}

/**
 * Verifies a token.
 *
 * @param address the address that the token comes from
 * @throws Problem `unauthenticated`, `identity-provider-unavailable`, `overloaded`
 */
export type TokenVerifier = (token: string, now: number, address: string) => Promise<Verified>

/** A verifier that returns a cached result directly, not as a promise, so that the request continues without a delay. */
export type CachingVerifier = (...parameters: Parameters<TokenVerifier>) => Verified | Promise<Verified>

/** Milliseconds after which a token is verified again, so that a revoked signing key stops working. */
export const cacheTime = 60_000

export const maximumTokens = 10_000

/** The maximum number of cached tokens per caller. Beyond it, a caller's tokens evict each other, not other callers' tokens. */
export const maximumTokensOfOne = 100

/**
 * Caches a verifier's results for a short time, because verifying a signature is the most expensive part of a request. The expiry
 * is a date and is compared with `now`. The time in the cache is measured by `monotonic`.
 */
export function cacheVerified (verify: TokenVerifier, monotonic: Monotonic): CachingVerifier {
  /** The keys of each caller's tokens, in the order in which they were added. */
  const keysOf = new Map<string, Set<string>>()
  const tokens = new LRUCache<string, Verified & { since: number }>({
    max: maximumTokens,
    dispose ({ caller: { id } }, key, reason) {
      if (reason === 'set') return
      const keys = keysOf.get(id)
      keys?.delete(key)
      if (keys?.size === 0) keysOf.delete(id)
    }
  })

  function cache (key: string, verified: Verified & { since: number }): void {
    const keys = getOrCreate(keysOf, verified.caller.id, () => new Set<string>()).add(key)
    tokens.set(key, verified)
    const [oldest = key] = keys
    if (keys.size > maximumTokensOfOne) tokens.delete(oldest)
  }

  return (token, now, address) => {
    const key = hash('sha256', token, 'base64')
    const known = tokens.get(key)
    if (known !== undefined && now < known.expires && monotonic() - known.since < cacheTime) return known
    return verifyAndCache(key, token, now, address)
  }

  async function verifyAndCache (key: string, ...parameters: Parameters<TokenVerifier>): Promise<Verified> {
    const since = monotonic()
    const verified = await verify(...parameters)
    cache(key, { ...verified, since })
    return verified
  }
}
