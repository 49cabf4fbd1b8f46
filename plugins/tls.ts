import type { X509Certificate } from 'node:crypto'
import { Server } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import fp from 'fastify-plugin'
import type { Identity } from '#src/authentication/caller'
import { authoritiesHash, certificateCaller } from '#src/authentication/client-certificate'
import { unauthenticated } from '#src/authentication/refusal'
import { ConfigError } from '#src/config/issues'
import { secureContext, type TlsSettings } from '#src/config/server'
import { closeAfter } from '#src/http/close-after'
import type { IsStale } from '#src/request/steps/close-stale-connection'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Returns the identity in a connection's client certificate, or undefined if the connection has no certificate.
     *
     * @throws Problem `unauthenticated` if the certificate was not verified, or identifies no caller
     */
    certificateIdentity: (socket: Socket) => Identity | undefined
    /** Returns true if a connection's handshake used certificate authorities that a reload has replaced. */
    isStale: IsStale
  }
}

/** Manages the gateway's own certificate, which a reload replaces, and verifies the client certificates of callers. */
export default fp(async (fastify) => {
  const { server } = fastify
  /**
   * The client certificate that each connection presented in its handshake. A reload that replaces the certificate authorities
   * empties this map. If a client later presents another certificate, by TLS 1.2 renegotiation, its requests are refused.
   */
  let verified = new WeakMap<Socket, X509Certificate | undefined>()
  /**
   * The connections whose TLS handshake is in progress, keyed by remote address and port. A handshake uses the certificate
   * authorities that were current when the connection was opened. If a reload replaces the authorities, the connection is closed.
   */
  const handshaking = new Map<string, Socket>()
  const { tls: initial } = fastify.config.current.server
  const mode = modeOf(initial)

  server.prependListener('connection', (socket: Socket) => {
    const key = remoteEnd(socket)
    handshaking.set(key, socket)
    socket.once('close', () => { if (handshaking.get(key) === socket) handshaking.delete(key) })
  })

  // This listener is prepended, so that it runs before the HTTP server reads requests from the connection.
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    handshaking.delete(remoteEnd(socket))
    if (socket.authorized || initial?.clients?.required !== true) {
      verified.set(socket, socket.getPeerX509Certificate())
      return
    }
    const { remoteAddress: peer = '', authorizationError } = socket
    socket.destroy()
    const reason = String(authorizationError)
    fastify.log.info({ connection: { peer, reason } }, 'connection refused')
    fastify.recordRefusal({ peer }, unauthenticated(reason))
      .catch((defect: unknown) => { closeAfter(defect, socket, fastify.log) })
  })

  fastify.config.derive(({ server: { tls } }) => {
    if (modeOf(tls) === mode) return tls
    const expected = `${mode}, the same as at the start: a change requires a restart`
    throw new ConfigError([{ key: 'server.tls', found: modeOf(tls), expected }])
  }, (previous, tls) => {
    if (!(server instanceof Server) || tls === undefined) return
    server.setSecureContext(secureContext(tls))
    if (tls.clients?.ca === previous?.clients?.ca) return
    verified = new WeakMap()
    for (const socket of handshaking.values()) socket.destroy()
    server.closeIdleConnections()
  })

  fastify.decorate('certificateIdentity', (socket) => {
    if (!(socket instanceof TLSSocket)) return undefined
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) return undefined
    if (!socket.authorized || verified.get(socket)?.raw.equals(certificate.raw) !== true) throw unauthenticated('certificate-not-verified')
    const caller = certificateCaller(certificate, fastify.now())
    const hash = authoritiesHash(fastify.config.current.server.tls?.clients?.ca)
    return { caller, expires: certificate.validToDate.getTime(), proof: { method: 'mtls', id: caller.id, hash } }
  })

  fastify.decorate('isStale', server instanceof Server ? (socket: Socket) => !verified.has(socket) : () => false)
}, { name: 'tls', dependencies: ['config'] })

/** Returns the remote address and port of a connection. */
const remoteEnd = ({ remoteAddress, remotePort }: Socket): string => [remoteAddress, remotePort].join(' ')

/** Describes the settings that can't be changed while the server is listening. */
function modeOf (tls: TlsSettings | undefined): string {
  if (tls === undefined) return 'no TLS'
  if (tls.clients === undefined) return 'TLS without client certificates'
  return `TLS with client certificates that are ${tls.clients.required ? 'required' : 'optional'}`
}
