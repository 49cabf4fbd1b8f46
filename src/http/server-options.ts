import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type Server } from 'node:http'
import type { ServerOptions } from 'node:https'
import type { Socket } from 'node:net'
import Fastify, { type FastifyHttpOptions, type FastifyInstance } from 'fastify'
import type { DestinationStream } from 'pino'
import type { RequestEntry } from '#src/audit/record'
import type { LiveConfig } from '#src/config/live'
import { secureContext, trustedProxyList, type TlsSettings } from '#src/config/server'
import { maximumNameLength } from '#src/environments/names'
import type { ProblemCode } from '#src/problems/catalogue'
import { Problem } from '#src/problems/problem'
import { problemFromFramework } from './framework-errors.ts'
import { problemBody, problemHeaders, sendProblem } from './problem.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Records the refusal of something that did not become a request. Resolves to the problem to answer with. */
    recordRefusal: (about: Pick<RequestEntry, 'requestId' | 'peer'>, problem: Problem) => Promise<Problem>
  }
}

/** A request ID that a caller may choose: short, and with nothing that a log or a shell could take amiss. */
const requestIdPattern = /^[A-Za-z0-9._-]{1,128}$/

/**
 * The options of the Fastify server; production and tests use the same.
 *
 * @param log where log lines go, standard output where absent
 * @param config says how the gateway is reached: over plain HTTP without proxies where absent
 */
export function serverOptions (logLevel: string, log?: DestinationStream, config?: LiveConfig): FastifyHttpOptions<Server> {
  const trusts = config?.derive(({ server }) => trustedProxyList(server.trustedProxies)) ?? (() => () => false)
  const tls = config?.current.server.tls
  // Its absence is answered like any other mistake.
  const http = { requireHostHeader: false }
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
    http,
    ...(tls !== undefined && { https: { ...http, ...tlsOptions(tls) } }),
    // `request.ip` is the last address that no trusted proxy has: what a caller writes into X-Forwarded-For does not count.
    trustProxy: (address) => trusts()(address),
    return503OnClosing: false,
    allowErrorHandlerOverride: false,
    frameworkErrors: (error, request, reply) => {
      const problem = problemFromFramework(error)
      void request.server.recordRefusal({ requestId: request.id, peer: request.ip }, problem).then((answer) => {
        request.log.info({ reply: { status: answer.status, problem: answer.code } }, 'request')
        sendProblem(answer, request, reply)
      })
    },
    clientErrorHandler
  }
}

/** What connections are made with. Where a certificate is required, plugins/tls.ts ends those without, and has it recorded. */
const tlsOptions = (tls: TlsSettings): ServerOptions =>
  ({ ...secureContext(tls), ...(tls.clients !== undefined && { requestCert: true, rejectUnauthorized: false }) })

const clientErrors: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout'
}

/** The connections whose last answer is being recorded; what else comes on them is of no account. */
const answering = new WeakSet<Socket>()

/** Answers what Node.js could not even read as a request. */
function clientErrorHandler (this: FastifyInstance, error: Error & { code?: string }, socket: Socket): void {
  if (answering.has(socket)) return
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  answering.add(socket)
  const problem = new Problem(clientErrors[error.code ?? ''] ?? 'malformed-request')
  const requestId = randomUUID()
  const { remoteAddress: peer = '' } = socket
  void this.recordRefusal({ requestId, peer }, problem).then((answer) => {
    this.log.info({ requestId, reply: { status: answer.status, problem: answer.code } }, 'request')
    endWith(socket, answer, requestId)
  })
}

function endWith (socket: Socket, problem: Problem, requestId: string): void {
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
