import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Limits } from '#src/config/limits'
import { Problem } from '#src/problems/problem'
import type { Counted, RequestCounter } from './request-counter.ts'

/**
 * Counts a request. Also sets the reply's `RateLimit-*` headers, unless several callers share the limit. Returns a promise only
 * if the count has to wait for other replicas.
 *
 * @throws Problem `rate-limited` if the request exceeds the limit
 */
export type Limiter = (request: FastifyRequest, reply: FastifyReply) => Promise<undefined> | undefined

interface LimiterOptions {
  readonly countRequest: RequestCounter
  /** Returns the limits of the current configuration. */
  readonly limits: () => Limits
  /** The name of the limit. The log shows it as the reason for a refusal. */
  readonly which: keyof Limits
  /**
   * True if requests of different callers count together. A reply then shows neither the count nor the window, because both
   * depend on other callers.
   */
  readonly isShared?: boolean
  /** Returns the key that a request counts against. */
  readonly keyOf: (request: FastifyRequest) => string
}

/** Creates a limiter, which counts requests and refuses those beyond the limit. */
export function limiter ({ countRequest, limits, which, isShared = false, keyOf }: LimiterOptions): Limiter {
  function apply ({ isAllowed, requests, remaining, left }: Counted, reply: FastifyReply, window: number): void {
    const seconds = Math.ceil(left / 1_000)
    if (!isShared) {
      reply.header('ratelimit-limit', requests).header('ratelimit-remaining', remaining).header('ratelimit-reset', seconds)
    }
    if (!isAllowed) throw new Problem('rate-limited', { reason: which, retryAfter: isShared ? Math.ceil(window / 1_000) : seconds })
  }

  return (request, reply) => {
    const limit = limits()[which]
    const counted = countRequest(keyOf(request), limit)
    if (counted instanceof Promise) return counted.then((later): undefined => { apply(later, reply, limit.window) })
    apply(counted, reply, limit.window)
    return undefined
  }
}
