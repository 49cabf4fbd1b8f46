import { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { ConfigError } from '#src/config/issues'
import { addressGroup } from '#src/network/address-group'
import { owesReply } from '#src/http/earlier-replies'
import { slowReaders } from '#src/http/unsent-replies'

/** The interval at which all connections are checked, in milliseconds. */
const interval = 500

/** The time, in milliseconds, after which an unused new connection is closed if the gateway is shutting down. */
const silence = 1_000

/**
 * Limits connections, so that neither many clients nor slow clients use up the memory. There is a maximum number of connections,
 * in total and per address, and a maximum time for the TLS handshake, for sending a request and for reading a reply. A shutdown
 * first closes the connections without a request, and finally all others.
 */
export default fp(async (fastify) => {
  const { server, config, trustsProxy, cutOff } = fastify
  const limits = (): typeof config.current.server.connections => config.current.server.connections

  const { handshakeTimeout: initial } = limits()
  config.derive(({ server: { connections } }) => {
    if (connections.handshakeTimeout === initial) return connections
    const expected = `${initial / 1_000}, the same as at the start: a change requires a restart`
    throw new ConfigError([{ key: 'server.connections.handshakeTimeoutSeconds', found: String(connections.handshakeTimeout / 1_000), expected }])
  }, (_, next) => { apply(next) })

  function apply ({ maximum, headersTimeout, requestTimeout }: ReturnType<typeof limits>): void {
    Object.assign(server, { maxConnections: maximum, headersTimeout, requestTimeout })
  }
  apply(limits())

  /** All connections, including those whose TLS handshake is in progress. */
  const open = new Set<Socket>()
  /** The connections on which HTTP is spoken. With TLS, these objects differ from those in `open`. */
  const speaking = new Set<Socket>()
  const counts = new Map<string, number>()
  const refused = { count: 0, reportedAt: -Infinity }

  /** Logs refused connections, at most one line per second, because an attacker could otherwise fill the log. */
  function refuse (peer: string | undefined, reason: string): void {
    refused.count += 1
    if (performance.now() - refused.reportedAt < 1_000) return
    fastify.log.warn({ connection: { peer, reason, refused: refused.count } }, 'connection refused')
    Object.assign(refused, { count: 0, reportedAt: performance.now() })
  }

  server.on('drop', (dropped?: { remoteAddress?: string }) => { refuse(dropped?.remoteAddress, 'too-many-connections') })

  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => { open.delete(socket) })
    const { remoteAddress: address = '' } = socket
    // All clients behind a trusted proxy have the proxy's address. The proxy has to limit their connections.
    if (trustsProxy(address)) return
    const group = addressGroup(address)
    const count = (counts.get(group) ?? 0) + 1
    counts.set(group, count)
    socket.once('close', () => {
      const left = (counts.get(group) ?? 0) - 1
      if (left > 0) counts.set(group, left)
      else counts.delete(group)
    })
    if (count <= limits().maximumPerAddress) return
    refuse(address, 'too-many-connections-from-address')
    socket.destroy()
  })

  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    speaking.add(socket)
    socket.once('close', () => { speaking.delete(socket) })
  })

  const findSlowReaders = slowReaders(() => performance.now())
  let closingSince: number | undefined

  /** Closes the connections without a request, and those whose request has not arrived in time. */
  function closeUnused (since: number): void {
    server.closeIdleConnections()
    const waited = performance.now() - since
    for (const socket of speaking) {
      if (owesReply(socket)) continue
      const { requestTimeout } = limits()
      if (waited >= (socket.bytesRead === 0 ? Math.min(silence, requestTimeout) : requestTimeout)) socket.destroy()
    }
  }

  const timer = setInterval(() => {
    for (const socket of findSlowReaders(speaking, limits())) {
      fastify.log.info({ connection: { peer: socket.remoteAddress, reason: 'reply-not-read' } }, 'connection closed')
      socket.destroy()
    }
    // Node.js itself looks for slow requests only while the server listens. After that, this timer closes them.
    if (closingSince !== undefined) closeUnused(closingSince)
  }, interval).unref()

  fastify.addHook('preClose', async () => { closingSince = performance.now() })
  fastify.addHook('onClose', async () => { clearInterval(timer) })
  cutOff.addEventListener('abort', () => {
    server.closeAllConnections()
    for (const socket of open) socket.destroy()
  })
}, { name: 'connections', dependencies: ['config', 'http-server', 'shutdown'] })
