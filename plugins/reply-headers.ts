import fp from 'fastify-plugin'

/** The headers of every reply. What takes a token to see is cached nowhere. */
export default fp(async (fastify) => {
  fastify.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' })
    const { action } = request.routeOptions.config
    if (action !== undefined && action !== 'Public') reply.header('cache-control', 'no-store')
  })
}, { name: 'reply-headers' })
