import fp from 'fastify-plugin'
import { limiter } from '#src/http/rate-limit'

/**
 * Limits each caller, and each environment over all callers. An environment counts only what is allowed, so that a caller without
 * rights can neither use it up nor learn that it exists.
 */
export default fp(async (fastify) => {
  const limitCaller = limiter(fastify, 'caller', ({ caller }) => caller?.id ?? '')
  const limitEnvironment = limiter(fastify, 'environment', ({ environment }) => environment?.name ?? '')

  fastify.addHook('onRequest', async (request, reply) => {
    if (request.caller !== undefined) await limitCaller(request, reply)
  })

  fastify.addHook('preHandler', async (request, reply) => {
    if (request.environment !== undefined) await limitEnvironment(request, reply)
  })
}, { name: 'rate-limit', dependencies: ['address-limit', 'authentication', 'scope'] })
