import fp from 'fastify-plugin'
import { trustedProxyList } from '#src/config/server'
import type { TrustsProxy } from '#src/request/steps/find-peer'

declare module 'fastify' {
  interface FastifyInstance {
    /** Returns true if the address belongs to a trusted proxy of the configuration in force. */
    trustsProxy: TrustsProxy
  }
}

/** Sets the options of Node.js's HTTP server that Fastify does not pass on. */
export default fp(async (fastify) => {
  const { server, config } = fastify
  // By default Node.js silently drops headers beyond the 2,000th. Their total size is limited in any case.
  server.maxHeadersCount = 0

  // By default Node.js asks for the body before the token has been checked, and answers other expectations itself.
  for (const event of ['checkContinue', 'checkExpectation']) {
    server.on(event, (request, reply) => { server.emit('request', request, reply) })
  }

  const trusts = config.derive((next) => trustedProxyList(next.server.trustedProxies))
  fastify.decorate('trustsProxy', (address) => trusts()(address))
}, { name: 'http-server', dependencies: ['config'] })
