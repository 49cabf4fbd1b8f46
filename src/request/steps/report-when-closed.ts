import type { FastifyReply, FastifyRequest } from 'fastify'
import type { LogSettings } from '#src/config/log'
import type { Metrics } from '#src/metrics/metrics'
import { Problem, withoutMessage } from '#src/problems/problem'
import { endRequestSpan, type End } from '#src/request/request-span'
import type { Step } from '#src/request/step'
import { logMembers } from '#src/tracing/span'

/** The problem to report if the caller left before the reply was sent. Its result is unknown, because the work may continue. */
const gone = new Problem('caller-gone')

/**
 * Counts each request when its reply is closed, writes one log line, and ends its span. Fastify's `onResponse` hook would miss
 * requests whose caller disconnects before the reply is sent. The metrics, the log and the span do not contain the URL, which
 * could contain a secret's value.
 *
 * @param settings returns the settings of the current configuration
 */
export const reportWhenClosed = (
  { requestEnded }: Pick<Metrics, 'requestEnded'>, settings: () => LogSettings
): Step => (request, reply): undefined => {
  reply.raw.once('close', () => {
    const { found } = request
    const end = endOf(request, reply)
    requestEnded({
      operation: found.route?.operationId ?? 'none',
      status: end.status,
      environment: found.environment?.name ?? '',
      seconds: reply.elapsedTime / 1_000
    })
    if (isLogged(request, end, settings())) log(request, reply, end)
    if (found.trace?.span !== undefined) endRequestSpan(found.trace.span, request, end)
  })
}

const endOf = ({ problem }: FastifyRequest, { raw, statusCode }: FastifyReply): End =>
  raw.headersSent ? { status: statusCode, code: problem?.code } : gone

/**
 * Returns false for a share of the successful reads from the cache, because they would fill the log. The audit trail records all
 * of them.
 */
const isLogged = ({ outcome }: FastifyRequest, { status }: End, { cacheHits }: LogSettings): boolean =>
  cacheHits === 1 || status >= 400 || outcome?.cache !== 'hit' || Math.random() < cacheHits

/**
 * Writes the log line of a request. If an unexpected error caused the reply, the line shows where the error was thrown, but not
 * its message, which could contain a secret's value.
 */
function log (request: FastifyRequest, reply: FastifyReply, { status, code }: End): void {
  const { problem, found, outcome, thrown } = request
  request.log[levelOf(request, status)]({
    ...found.trace && logMembers(found.trace),
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
      milliseconds: Math.round(reply.elapsedTime),
      ...!reply.raw.writableFinished && { aborted: true }
    },
    ...thrown !== undefined && { thrown: withoutMessage(thrown) }
  }, 'request')
}

/** Health probes are logged at `debug`, because they would otherwise drown out everything else. */
function levelOf ({ found: { route } }: FastifyRequest, status: number): 'debug' | 'error' | 'info' {
  if (route?.config.servedWhenOverloaded === true) return 'debug'
  return status >= 500 ? 'error' : 'info'
}
