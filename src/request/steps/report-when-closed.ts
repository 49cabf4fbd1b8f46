import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Metrics } from '#src/metrics/metrics'
import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** The problem to report if the caller left before the reply was sent. The work may still go on, so its result isn't known. */
const gone = new Problem('caller-gone')

/**
 * Counts each request when its reply is closed, and writes one log line. Fastify's `onResponse` hook would miss requests whose
 * caller disconnects before the reply is sent. Neither the metrics nor the log contains the URL, which could contain a secret's
 * value.
 */
export const reportWhenClosed = (metrics: Pick<Metrics, 'requestEnded'>): Step => (request, reply): undefined => {
  reply.raw.once('close', () => { report(request, reply, metrics) })
}

function report (request: FastifyRequest, reply: FastifyReply, { requestEnded }: Pick<Metrics, 'requestEnded'>): void {
  const { problem, found, outcome } = request
  const { elapsedTime } = reply
  const { status, code } = reply.raw.headersSent ? { status: reply.statusCode, code: problem?.code } : gone
  requestEnded({
    operation: found.route?.operationId ?? 'none', status, environment: found.environment?.name ?? '', seconds: elapsedTime / 1_000
  })
  request.log.info({
    request: {
      method: request.method,
      route: found.route?.url,
      caller: (found.caller ?? outcome?.caller)?.id,
      environment: found.environment?.name,
      credential: found.credentialId,
      peer: found.peer
    },
    reply: {
      status,
      problem: code,
      reason: problem?.options.reason,
      awsError: problem?.options.awsError,
      awsRequestId: problem?.options.awsRequestId,
      milliseconds: Math.round(elapsedTime),
      ...(!reply.raw.writableFinished && { aborted: true })
    }
  }, 'request')
}
