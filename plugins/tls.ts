import type { X509Certificate } from 'node:crypto'
import { Server } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import fp from 'fastify-plugin'
import type { Caller } from '#src/authentication/caller'
import { certificateCaller } from '#src/authentication/client-certificate'
import { unauthenticated } from '#src/authentication/refusal'
import { ConfigError } from '#src/config/issues'
import { secureContext, type TlsSettings } from '#src/config/server'
import type { IsStale } from '#src/request/steps/close-stale-connection'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Returns the caller that a connection's client certificate names; undefined for a connection without a certificate.
     *
     * @throws Problem `unauthenticated`
     */
    certificateCaller: (socket: Socket) => Caller | undefined
    /** Tells whether a connection's certificate was verified before the configuration changed. */
    isStale: IsStale
  }
}

/** Certificates: those of the gateway, which a reload renews, and those of its callers. */
export default fp(async (fastify) => {
  const { server } = fastify
  /**
   * What was verified in the handshake against the authorities of the configuration in force: the certificate of each connection.
   * TLS 1.2 lets a client present another one later, which nobody verifies.
   */
  let verified = new WeakMap<Socket, X509Certificate | undefined>()
  /** Connections in their handshake, by their other end: each is verified against the authorities in force when it came. */
  const handshaking = new Map<string, Socket>()
  const { tls: initial } = fastify.config.current.server
  const mode = modeOf(initial)

  server.prependListener('connection', (socket: Socket) => {
    const key = endOf(socket)
    handshaking.set(key, socket)
    socket.once('close', () => { if (handshaking.get(key) === socket) handshaking.delete(key) })
  })

  // Before HTTP gets hold of the connection.
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    handshaking.delete(endOf(socket))
    if (socket.authorized || initial?.clients?.required !== true) {
      verified.set(socket, socket.getPeerX509Certificate())
      return
    }
    const { remoteAddress: peer = '', authorizationError } = socket
    socket.destroy()
    const reason = String(authorizationError)
    fastify.log.info({ connection: { peer, reason } }, 'connection refused')
    void fastify.recordRefusal({ peer }, unauthenticated(reason))
  })

  fastify.config.derive(({ server: { tls } }) => {
    if (modeOf(tls) === mode) return tls
    throw new ConfigError([{ key: 'server.tls', found: modeOf(tls), expected: `${mode}, as it was at the start: that takes a new start` }])
  }, (previous, tls) => {
    if (!(server instanceof Server) || tls === undefined) return
    server.setSecureContext(secureContext(tls))
    if (tls.clients?.ca === previous?.clients?.ca) return
    verified = new WeakMap()
    for (const socket of handshaking.values()) socket.destroy()
    server.closeIdleConnections()
  })

  fastify.decorate('certificateCaller', (socket) => {
    if (!(socket instanceof TLSSocket)) return undefined
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) return undefined
    if (!socket.authorized || verified.get(socket)?.raw.equals(certificate.raw) !== true) throw unauthenticated('certificate-not-verified')
    return certificateCaller(certificate, fastify.now())
  })

  fastify.decorate('isStale', (socket) => socket instanceof TLSSocket && !verified.has(socket))
}, { name: 'tls', dependencies: ['config'] })

/** The address and the port of a connection's other end. */
const endOf = ({ remoteAddress = '', remotePort = 0 }: Socket): string => `${remoteAddress} ${remotePort}`

/** What can't be changed while the server listens. */
function modeOf (tls: TlsSettings | undefined): string {
  if (tls === undefined) return 'no TLS'
  if (tls.clients === undefined) return 'TLS without client certificates'
  return `TLS with client certificates that are ${tls.clients.required ? 'required' : 'optional'}`
}
