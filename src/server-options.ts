import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type Server } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyHttpOptions, type FastifyInstance } from 'fastify'
import type { DestinationStream } from 'pino'
import { Problem, type ProblemCode } from './errors.ts'
import { problemFromFramework } from './http/framework-errors.ts'
import { problemBody, problemHeaders, sendProblem } from './http/problem.ts'
import { maximumNameLength } from './environments/names.ts'

/** A request ID that a caller may choose: short, and with nothing that a log or a shell could take amiss. */
const requestIdPattern = /^[A-Za-z0-9._-]{1,128}$/

/**
 * The options of the Fastify server; production and tests use the same.
 *
 * @param log where log lines go, standard output where absent
 */
export function serverOptions (logLevel: string, log?: DestinationStream): FastifyHttpOptions<Server> {
  return {
    logger: { level: logLevel, base: null, ...(log !== undefined && { stream: log }) },
    // One line a request, written by plugins/request-log.ts without the URL.
    logController: new Fastify.LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: ({ headers: { 'x-request-id': id } }) => typeof id === 'string' && requestIdPattern.test(id) ? id : randomUUID(),
    // A name's `/` takes three characters in the path.
    routerOptions: { maxParamLength: 3 * maximumNameLength },
    bodyLimit: 1024 * 1024,
    requestTimeout: 30_000,
    // A reply may take as long as a bulk create does; the request has to be there in time.
    connectionTimeout: 0,
    // Their absence is answered like any other mistake.
    http: { requireHostHeader: false },
    return503OnClosing: false,
    allowErrorHandlerOverride: false,
    frameworkErrors: (error, request, reply) => {
      const problem = problemFromFramework(error)
      request.log.info({ reply: { status: problem.status, problem: problem.code } }, 'request')
      sendProblem(reply, problem, request.id)
    },
    clientErrorHandler
  }
}

const clientErrors: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout'
}

/** Answers what Node.js could not even read as a request. */
function clientErrorHandler (this: FastifyInstance, error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const problem = new Problem(clientErrors[error.code ?? ''] ?? 'malformed-request')
  const requestId = randomUUID()
  this.log.info({ requestId, reply: { status: problem.status, problem: problem.code } }, 'request')
  const body = JSON.stringify(problemBody(problem, requestId))
  const headers = Object.entries({
    ...problemHeaders(problem),
    'x-request-id': requestId,
    'content-length': Buffer.byteLength(body),
    connection: 'close'
  })
  socket.end([
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    '',
    body
  ].join('\r\n'))
}
