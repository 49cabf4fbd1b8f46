import type { Socket } from 'node:net'
import type { ReplyStep } from '#src/request/step'

/** Returns true if a connection's TLS handshake used certificate authorities that a reload has replaced since. */
export type IsStale = (socket: Socket) => boolean

/** Closes a stale connection after this reply, so that the client reconnects and its certificate is verified again. */
export const closeStaleConnection = (isStale: IsStale): ReplyStep => ({ raw: { socket } }, reply, payload) => {
  if (isStale(socket)) reply.header('connection', 'close')
  return payload
}
