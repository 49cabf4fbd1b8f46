import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

/** Writes one log line for each request: the route, never the URL, which may hold anything. */
export default fp(async (fastify) => {
  fastify.addHook('onRequest', async (request, reply) => {
    // Also where the caller has gone before the reply was sent; the hook onResponse is not called then.
    reply.raw.once('close', () => { log(request, reply) })
  })
}, { name: 'request-log' })

function log (request: FastifyRequest, reply: FastifyReply): void {
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
      reason: problem?.options.reason,
      awsError: problem?.options.awsError,
      awsRequestId: problem?.options.awsRequestId,
      milliseconds: Math.round(reply.elapsedTime),
      ...(!reply.raw.writableFinished && { aborted: true })
    }
  }, 'request')
}
