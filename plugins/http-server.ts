import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { trustedProxyList } from '#src/config/server'
import { closeAfter } from '#src/http/close-after'
import { earlierReplies } from '#src/http/earlier-replies'

/**
 * Sets options of Node.js's HTTP server that can't be set through Fastify, and answers the requests that Node.js does not report
 * as `request`. docs/request.md lists all events of the server, and the handler of each.
 */
export default fp(async (fastify) => {
  const { server, config } = fastify
  // 0 means any number of headers. By default Node.js allows about 1,000, and silently drops or refuses more, depending on its
  // version. The total size of the headers is limited in any case.
  server.maxHeadersCount = 0

  // By default Node.js itself replies to requests with the header `Expect`. It accepts `100-continue` before the token has been
  // checked, and refuses any other value with 417. Here, such requests go through the request pipeline like all others.
  for (const event of ['checkContinue', 'checkExpectation']) {
    server.on(event, (request, reply) => { server.emit('request', request, reply) })
  }

  // Without a listener, Node.js closes the connection of a CONNECT request without a reply. With this listener, Fastify refuses
  // such a request and records the refusal. The connection is closed after the reply, because Node.js reads no more requests from
  // a connection after a CONNECT.
  server.on('connect', (request, socket: Socket) => {
    socket.on('error', () => { socket.destroy() }).resume()
    earlierReplies(socket).then(() => {
      if (!socket.writable) return
      const reply = new ServerResponse(request)
      reply.shouldKeepAlive = false
      reply.assignSocket(socket)
      reply.once('finish', () => { socket.destroySoon() })
      server.emit('request', request, reply)
    }).catch((defect: unknown) => { closeAfter(defect, socket, fastify.log) })
  })

  const trusts = config.derive((next) => trustedProxyList(next.server.trustedProxies))
  fastify.decorate('trustsProxy', (address) => trusts()(address))
}, { name: 'http-server', dependencies: ['config'] })
