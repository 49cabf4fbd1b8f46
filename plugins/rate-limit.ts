import rateLimit from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import { limiter, type Limiter } from '#src/http/rate-limit'

declare module 'fastify' {
  interface FastifyInstance {
    /** The request counters. Each counts separately, and refuses requests beyond its limit. */
    limits: Readonly<Record<'failures' | 'address' | 'caller' | 'environment', Limiter>>
  }
}

/**
 * Creates the rate limits. Each caller has a limit. Each environment has a limit for the requests of all callers together. Each
 * address has a limit that applies separately to failed authentications and to public routes. On all other routes, an
 * authenticated caller is therefore not affected by others at the same address.
 */
export default fp(async (fastify) => {
  await fastify.register(rateLimit, { global: false })
  const limits = (): typeof fastify.config.current.limits => fastify.config.current.limits
  fastify.decorate('limits', {
    failures: limiter(fastify, limits, 'address'),
    address: limiter(fastify, limits, 'address'),
    caller: limiter(fastify, limits, 'caller', ({ caller }) => caller.id),
    environment: limiter(fastify, limits, 'environment', ({ environment }) => environment.name)
  })
}, { name: 'rate-limit', dependencies: ['config'] })
