import accepts from '@fastify/accepts'
import fp from 'fastify-plugin'

/** Adds `request.accepts()`, for routes that can reply in several media types. */
export default fp(async (fastify) => {
  await fastify.register(accepts)
}, { name: 'negotiation' })
