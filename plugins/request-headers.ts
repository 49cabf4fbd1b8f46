import fp from 'fastify-plugin'
import { invalidRequest, Problem } from '#src/problems/problem'

/** Of which a request has one at most; Node.js would take the first, or join them. */
const single = ['authorization', 'aws-credential-id', 'content-type', 'idempotency-key', 'if-match', 'if-none-match', 'x-request-id']

/** Which change what a request means: a route that does not know one must not act as if it had not been sent. */
const meaningful = ['aws-credential-id', 'idempotency-key', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range']

/** Refuses headers that are ambiguous or that the route would ignore. */
export default fp(async (fastify) => {
  // Beyond Node's default of 2,000, headers would vanish without a word; their size is limited in any case.
  fastify.server.maxHeadersCount = 0

  // Node.js would tell the caller to send the body before anybody has looked at the token, or answer in words of its own.
  for (const event of ['checkContinue', 'checkExpectation']) {
    fastify.server.on(event, (request, reply) => { fastify.server.emit('request', request, reply) })
  }

  fastify.addHook('onRequest', async (request) => {
    const { host, expect } = request.headers
    if (host === undefined) throw new Problem('malformed-request')
    if (expect !== undefined && expect.toLowerCase() !== '100-continue') throw new Problem('expectation-failed')
    for (const name of single) {
      if ((request.raw.headersDistinct[name]?.length ?? 0) > 1) {
        throw invalidRequest({ in: 'header', pointer: `/${name}`, message: 'must NOT be given more than once' })
      }
    }
  })

  fastify.addHook('preParsing', async (request, reply) => {
    if (request.headers['content-encoding'] !== undefined) throw new Problem('unsupported-media-type')
    const { action, headers = [] } = request.routeOptions.config
    for (const name of meaningful) {
      if (action !== 'Public' && request.headers[name] !== undefined && !headers.includes(name)) {
        throw invalidRequest({ in: 'header', pointer: `/${name}`, message: 'is not taken by this route' })
      }
    }
    if (request.headers.expect !== undefined) reply.raw.writeContinue()
  })

  fastify.addHook('onRoute', (route) => {
    const { properties = {} } = (route.schema?.headers ?? {}) as { properties?: Record<string, unknown> }
    route.config = { ...route.config, headers: Object.keys(properties).map((name) => name.toLowerCase()) }
  })
}, { name: 'request-headers', dependencies: ['errors', 'reply-headers'] })

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The headers that the route's schema has, in lower case; filled in by this plugin. */
    headers?: readonly string[]
  }
}
