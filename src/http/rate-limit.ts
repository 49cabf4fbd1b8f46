import type {} from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Limits } from '#src/config/limits'
import { Problem } from '#src/problems/problem'

/** @throws Problem `rate-limited`, where the request is one too many */
export type Limiter = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/**
 * Counts requests, and refuses those beyond the limit of the configuration in force. 5,000 callers, environments or addresses are
 * counted; of more, the one that has been away for longest begins anew.
 *
 * @param keyOf whose request it is: that of its peer address where absent, of which IPv6 counts by /64
 */
export function limiter (fastify: FastifyInstance, which: keyof Limits, keyOf?: (request: FastifyRequest) => string): Limiter {
  const count = fastify.createRateLimit({
    max: () => fastify.config.current.limits[which].requests,
    timeWindow: () => fastify.config.current.limits[which].window,
    ...(keyOf !== undefined && { keyGenerator: keyOf })
  })
  return async (request, reply) => {
    const state = await count(request)
    // The package's word for what is on its list of exceptions; there is none, so this narrows the type.
    if (state.isAllowed) return
    const { max, remaining, ttlInSeconds, isExceeded } = state
    reply.headers({ 'ratelimit-limit': max, 'ratelimit-remaining': remaining, 'ratelimit-reset': ttlInSeconds })
    if (isExceeded) throw new Problem('rate-limited', { reason: which, retryAfter: ttlInSeconds })
  }
}
