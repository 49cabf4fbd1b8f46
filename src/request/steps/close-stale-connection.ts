import type { Socket } from 'node:net'
import type { ReplyStep } from '#src/request/step'

/** Returns true if a connection's TLS handshake used certificate authorities that have since been replaced. */
export type IsStale = (socket: Socket) => boolean

/**
 * Closes the connection after this reply if the certificate authorities of its TLS handshake have since been replaced. The client
 * then reconnects, and its certificate is verified again.
 */
export const closeStaleConnection = (isStale: IsStale): ReplyStep => ({ raw: { socket } }, reply, payload) => {
  if (isStale(socket)) reply.header('connection', 'close')
  return payload
}
