import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Monotonic } from '#src/clock'
import type { Limits } from '#src/config/limits'
import { Problem } from '#src/problems/problem'
import { countRequests } from './request-windows.ts'

/**
 * Counts a request. Also sets the reply's `RateLimit-*` headers, unless several callers share the limit.
 *
 * @throws Problem `rate-limited` if the request exceeds the limit
 */
export type Limiter = (request: FastifyRequest, reply: FastifyReply) => undefined

interface LimiterOptions {
  readonly monotonic: Monotonic
  /** Returns the limits of the current configuration. */
  readonly limits: () => Limits
  /** The name of the limit that applies. The log shows it as the reason for a refusal. */
  readonly which: keyof Limits
  /**
   * True if requests of different callers count together. A reply then shows neither the count nor the start of the window,
   * because both depend on the requests of other callers.
   */
  readonly isShared?: boolean
  /** Returns the key that a request counts against. */
  readonly keyOf: (request: FastifyRequest) => string
}

/** Creates a limiter, which counts requests and refuses those beyond the limit. */
export function limiter ({ monotonic, limits, which, isShared = false, keyOf }: LimiterOptions): Limiter {
  const countRequest = countRequests(monotonic)
  return (request, reply) => {
    const { requests, window } = limits()[which]
    const { count, left } = countRequest(keyOf(request), window)
    const seconds = Math.ceil(left / 1_000)
    if (!isShared) {
      reply.header('ratelimit-limit', requests)
        .header('ratelimit-remaining', Math.max(0, requests - count))
        .header('ratelimit-reset', seconds)
    }
    if (count > requests) {
      throw new Problem('rate-limited', { reason: which, retryAfter: isShared ? Math.ceil(window / 1_000) : seconds })
    }
  }
}
