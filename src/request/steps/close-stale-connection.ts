import type { Socket } from 'node:net'
import type { ReplyStep } from '#src/request/step'

/** Returns true for a connection whose client certificate was verified before the configuration changed. */
export type IsStale = (socket: Socket) => boolean

/** Closes a stale connection after this reply, so that the client has to present its certificate again. */
export const closeStaleConnection = (isStale: IsStale): ReplyStep => ({ raw: { socket } }, reply, payload) => {
  if (isStale(socket)) reply.header('connection', 'close')
  return payload
}
