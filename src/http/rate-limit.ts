import type {} from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Limits } from '#src/config/limits'
import { Problem } from '#src/problems/problem'

/**
 * Counts a request. Also sets the reply's `RateLimit-*` headers, but not if several callers share the limit.
 *
 * @throws Problem `rate-limited` if the request exceeds the limit
 */
export type Limiter = (request: FastifyRequest, reply: FastifyReply) => Promise<undefined>

/**
 * Creates a counter that refuses requests beyond a limit of the current configuration.
 *
 * @param which the name of the limit that applies; the log shows it as the reason for a refusal
 * @param isShared true if requests of different callers count together. A reply then shows neither the count nor the start of the
 *   window, because both depend on the requests of other callers.
 * @param keyOf returns the key that a request counts against; by default `request.ip`, with IPv6 addresses grouped by /64
 */
export function limiter (
  fastify: Pick<FastifyInstance, 'createRateLimit'>,
  limits: () => Limits,
  { which, isShared = false, keyOf }: { which: keyof Limits, isShared?: boolean, keyOf?: (request: FastifyRequest) => string }
): Limiter {
  const count = fastify.createRateLimit({
    max: () => limits()[which].requests,
    timeWindow: () => limits()[which].window,
    ...(keyOf !== undefined && { keyGenerator: keyOf })
  })
  return async (request, reply) => {
    const state = await count(request)
    // This line only narrows the type. `isAllowed` means that the key is on the package's allow list, which is empty here.
    if (state.isAllowed) return
    const { max, remaining, ttlInSeconds, timeWindow, isExceeded } = state
    if (!isShared) reply.headers({ 'ratelimit-limit': max, 'ratelimit-remaining': remaining, 'ratelimit-reset': ttlInSeconds })
    const retryAfter = isShared ? Math.ceil(timeWindow / 1_000) : ttlInSeconds
    if (isExceeded) throw new Problem('rate-limited', { reason: which, retryAfter })
  }
}
