import accepts from '@fastify/accepts'
import fp from 'fastify-plugin'

/** Reads `Accept`, for the routes whose reply has several forms. */
export default fp(async (fastify) => {
  await fastify.register(accepts)
}, { name: 'negotiation' })
