import fp from 'fastify-plugin'

/** Writes one log line for each request: the route, never the URL, which may hold anything. */
export default fp(async (fastify) => {
  fastify.addHook('onResponse', async (request, reply) => {
    const { problem } = request
    request.log.info({
      request: {
        method: request.method,
        route: request.routeOptions.url,
        caller: request.caller?.id,
        environment: request.environment?.name,
        credential: request.credentialId,
        peer: request.ip
      },
      reply: {
        status: reply.statusCode,
        problem: problem?.code,
        awsError: problem?.options.awsError,
        awsRequestId: problem?.options.awsRequestId,
        milliseconds: Math.round(reply.elapsedTime)
      }
    }, 'request')
  })
}, { name: 'request-log' })
