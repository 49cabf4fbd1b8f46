import rateLimit from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import { limiter, type Limiter } from '#src/http/rate-limit'
import { requestWindows } from '#src/http/request-windows'

declare module 'fastify' {
  interface FastifyInstance {
    /** The request counters. Each counts separately, and refuses requests beyond its limit. */
    limits: Readonly<Record<'failures' | 'address' | 'caller' | 'environment', Limiter>>
  }
}

/**
 * Creates the rate limits:
 *
 * - `caller` limits the requests of each caller.
 * - `environment` limits the requests of all callers together on each environment.
 * - `failures` limits the failed authentications from each address.
 * - `address` limits the requests from each address on public routes.
 *
 * `failures` and `address` have the same limit, but count separately. Neither counts an authenticated request on a route that is
 * not public. So callers with the same address do not affect each other.
 */
export default fp(async (fastify) => {
  await fastify.register(rateLimit, { global: false, store: requestWindows(fastify.monotonic) })
  const limits = (): typeof fastify.config.current.limits => fastify.config.current.limits
  fastify.decorate('limits', {
    failures: limiter(fastify, limits, { which: 'address' }),
    address: limiter(fastify, limits, { which: 'address' }),
    caller: limiter(fastify, limits, { which: 'caller', keyOf: ({ caller }) => caller.id }),
    environment: limiter(fastify, limits, { which: 'environment', isShared: true, keyOf: ({ environment }) => environment.name })
  })
}, { name: 'rate-limit', dependencies: ['config'] })
