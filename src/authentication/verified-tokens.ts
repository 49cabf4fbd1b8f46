import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Caller } from './caller.ts'

/** Whom a token stands for, and until when: milliseconds since the epoch. */
export interface Verified {
  readonly caller: Caller
  readonly expires: number
}

/** @throws Problem */
export type TokenVerifier = (token: string, now: number) => Promise<Verified>

/** Milliseconds after which a token is verified again, so that a withdrawn key takes effect. */
const kept = 60_000

const maximumTokens = 10_000

/** Keeps whom a token stands for a short time: to verify a signature takes most of what a request costs. */
export function keepVerified (verify: TokenVerifier): TokenVerifier {
  const tokens = new LRUCache<string, Verified & { since: number }>({ max: maximumTokens })
  return async (token, now) => {
    const hash = createHash('sha256').update(token).digest('base64')
    const known = tokens.get(hash)
    if (known !== undefined && now < known.expires && Math.abs(now - known.since) < kept) return known
    const verified = await verify(token, now)
    tokens.set(hash, { ...verified, since: now })
    return verified
  }
}
