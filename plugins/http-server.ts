import fp from 'fastify-plugin'
import { trustedProxyList } from '#src/config/server'
import type { TrustsProxy } from '#src/request/steps/find-peer'

declare module 'fastify' {
  interface FastifyInstance {
    /** Returns true if the address belongs to a trusted proxy of the current configuration. */
    trustsProxy: TrustsProxy
  }
}

/** Sets options of Node.js's HTTP server that can't be set through Fastify. */
export default fp(async (fastify) => {
  const { server, config } = fastify
  // 0 means no limit. By default Node.js silently drops headers beyond the 2,000th. Their total size is limited in any case.
  server.maxHeadersCount = 0

  // By default Node.js replies to `Expect: 100-continue` before the token has been checked, and to other expectations with 417.
  // Here, both become ordinary requests, so that the steps of the request pipeline reply to them.
  for (const event of ['checkContinue', 'checkExpectation']) {
    server.on(event, (request, reply) => { server.emit('request', request, reply) })
  }

  const trusts = config.derive((next) => trustedProxyList(next.server.trustedProxies))
  fastify.decorate('trustsProxy', (address) => trusts()(address))
}, { name: 'http-server', dependencies: ['config'] })
