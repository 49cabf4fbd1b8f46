import rateLimit from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import { limiter, type Limiter } from '#src/http/rate-limit'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts a request whose sender has not proved who it is. @throws Problem `rate-limited`, to be answered instead */
    limitFailures: Limiter
  }
}

/**
 * Limits what comes from one address without a caller: failed authentications and, counted apart, requests to public routes. A
 * caller who authenticates is not held to what others at its address do.
 */
export default fp(async (fastify) => {
  await fastify.register(rateLimit, { global: false })
  fastify.decorate('limitFailures', limiter(fastify, 'address'))
  const limitPublic = limiter(fastify, 'address')

  fastify.addHook('onRequest', async (request, reply) => {
    const { action, rateLimit } = request.routeOptions.config
    if (action === 'Public' && rateLimit !== false) await limitPublic(request, reply)
  })
}, { name: 'address-limit', dependencies: ['config', 'errors', 'request-headers', 'trusted-proxies'] })
