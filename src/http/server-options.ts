import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type Server } from 'node:http'
import type { ServerOptions } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import Fastify, { type FastifyHttpOptions, type FastifyInstance } from 'fastify'
import type { DestinationStream } from 'pino'
import type { LiveConfig } from '#src/config/live'
import { secureContext, type TlsSettings } from '#src/config/server'
import { maximumNameLength } from '#src/environments/names'
import { loggerOptions } from '#src/log/logger'
import type { ProblemCode } from '#src/problems/catalogue'
import { Problem } from '#src/problems/problem'
import { clientAddress } from './client-address.ts'
import { closeAfter } from './close-after.ts'
import { earlierReplies } from './earlier-replies.ts'
import { problemFromFramework } from './framework-errors.ts'
import { problemBody, problemHeaders, sendProblem } from './problem-reply.ts'

/** The form of a request ID that a caller may choose: short, and without characters that are special in a log or a shell. */
const requestIdPattern = /^[A-Za-z0-9._-]{1,128}$/

/**
 * Returns the options of the Fastify server, in production and in tests.
 *
 * @param log the destination of log lines, by default standard output
 * @param config determines TLS; by default plain HTTP
 * @param service the name of this service in the log
 */
export function serverOptions (
  logLevel: string, log?: DestinationStream, config?: LiveConfig, service?: string
): FastifyHttpOptions<Server> {
  const { tls, connections } = config?.current.server ?? {}
  // Turns off Node.js's check for a missing Host header, because the step refuseAmbiguousHeaders refuses such a request. The
  // limits on the time for a request are set in plugins/connections.ts. Node.js checks them at this interval.
  const http = { requireHostHeader: false, connectionsCheckingInterval: 500 }
  return {
    logger: { ...loggerOptions(logLevel, service), ...(log !== undefined && { stream: log }) },
    // Turns off Fastify's request log. Instead, the step reportWhenClosed writes one line per request, without the URL.
    logController: new Fastify.LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: ({ headers: { 'x-request-id': id } }) => typeof id === 'string' && requestIdPattern.test(id) ? id : randomUUID(),
    // In the worst case every character of a name is percent-encoded, as three characters.
    routerOptions: { maxParamLength: 3 * maximumNameLength },
    bodyLimit: 1024 * 1024,
    // Connections have no general time limit, because the reply to a bulk create may take long. plugins/connections.ts limits the
    // time for receiving a request, and the time within which a client must continue to read its reply.
    connectionTimeout: 0,
    // A machine that is short of CPU time must not abort the start, or every restart would fail in the same way.
    pluginTimeout: 120_000,
    http,
    ...(tls !== undefined && { https: { ...http, ...tlsOptions(tls), handshakeTimeout: connections?.handshakeTimeout } }),
    return503OnClosing: false,
    allowErrorHandlerOverride: false,
    frameworkErrors: (error, request, reply) => {
      const problem = problemFromFramework(error)
      const { id: requestId, raw, server } = request
      server.recordRefusal({ requestId, peer: clientAddress(raw, server.trustsProxy) }, problem).then((answer) => {
        request.log.info({ reply: { status: answer.status, problem: answer.code } }, 'request')
        // The request pipeline does not run for this reply, so its step for closing connections at shutdown is repeated here.
        if (server.stopping.aborted) reply.header('connection', 'close')
        sendProblem(answer, request, reply)
      }).catch((defect: unknown) => { closeAfter(defect, raw.socket, request.log) })
    },
    clientErrorHandler
  }
}

/**
 * Returns the TLS options. If client certificates are configured, Node.js requests a certificate from the client, but does not
 * reject a connection without a valid one. Instead, plugins/tls.ts decides whether to refuse the connection, and records each
 * refusal.
 */
const tlsOptions = (tls: TlsSettings): ServerOptions =>
  ({ ...secureContext(tls), ...(tls.clients !== undefined && { requestCert: true, rejectUnauthorized: false }) })

const clientErrors: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout'
}

/**
 * The connections on which an error has occurred. Only the first error on a connection is recorded and answered, because the
 * connection is then closed.
 */
const answering = new WeakSet<Socket>()

/** Returns true if a connection uses TLS and its handshake has not been completed. */
const isBeforeHandshake = (socket: Socket): boolean => socket instanceof TLSSocket && socket.getPeerFinished() === undefined

/** Replies to a request that Node.js could not parse, or that took too long to arrive, and closes the connection. */
function clientErrorHandler (this: FastifyInstance, error: Error & { code?: string }, socket: Socket): void {
  if (answering.has(socket)) return
  if (isBeforeHandshake(socket)) {
    // Before the handshake is complete, no reply can be sent, so the connection has to be closed here. The listeners for
    // `tlsClientError` run first, because they record the failure with the peer's address.
    process.nextTick(() => { socket.destroy() })
    return
  }
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  answering.add(socket)
  const problem = new Problem(clientErrors[error.code ?? ''] ?? 'malformed-request')
  const requestId = randomUUID()
  const { remoteAddress: peer = '' } = socket
  this.recordRefusal({ requestId, peer }, problem).then(async (answer) => {
    this.log.info({ requestId, reply: { status: answer.status, problem: answer.code } }, 'request')
    await earlierReplies(socket)
    endWith(socket, answer, requestId)
  }).catch((defect: unknown) => { closeAfter(defect, socket, this.log) })
}

/** The time within which a client has to close its side of a connection after the last reply, in milliseconds. */
const lingerTime = 2_000

/**
 * Writes the last reply of a connection. The connection is closed when the client closes its side, or else after `lingerTime`. If
 * the connection were closed at once while the client is still sending, the client's system could discard the reply.
 */
function endWith (socket: Socket, problem: Problem, requestId: string): void {
  if (!socket.writable) return
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
  const timer = setTimeout(() => { socket.destroy() }, lingerTime)
  socket.once('close', () => { clearTimeout(timer) })
}
