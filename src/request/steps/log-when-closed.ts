import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** What the log says if the caller has left before the reply. The work may still go on, so its result isn't known. */
const gone = new Problem('caller-gone')

/**
 * Writes one log line for each request when its reply is closed. Fastify's `onResponse` hook would miss requests whose caller
 * disconnects before the reply is sent. Logs the route's pattern instead of the URL, which could contain a secret's value.
 */
export const logWhenClosed: Step = (request, reply): undefined => {
  reply.raw.once('close', () => { log(request, reply) })
}

function log (request: FastifyRequest, reply: FastifyReply): void {
  const { problem, found, outcome } = request
  request.log.info({
    request: {
      method: request.method,
      route: found.route?.url,
      caller: (found.caller ?? outcome?.caller)?.id,
      environment: found.environment?.name,
      credential: found.credentialId,
      peer: found.peer ?? request.ip
    },
    reply: {
      ...reply.raw.headersSent
        ? { status: reply.statusCode, problem: problem?.code }
        : { status: gone.status, problem: gone.code },
      reason: problem?.options.reason,
      awsError: problem?.options.awsError,
      awsRequestId: problem?.options.awsRequestId,
      milliseconds: Math.round(reply.elapsedTime),
      ...(!reply.raw.writableFinished && { aborted: true })
    }
  }, 'request')
}
