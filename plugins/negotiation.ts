import accepts from '@fastify/accepts'
import fp from 'fastify-plugin'

/** Adds `request.accepts()`, for the routes whose reply has several media types. */
export default fp(async (fastify) => {
  await fastify.register(accepts)
}, { name: 'negotiation' })
