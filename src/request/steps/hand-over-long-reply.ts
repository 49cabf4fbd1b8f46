import { Pieces } from '#src/http/long-reply'
import { countUnsent } from '#src/http/unsent-replies'
import type { ReplyStep } from '#src/request/step'

/**
 * Counts the pieces of a long reply as unsent until the connection has taken them. Drops them if the caller has left: Fastify
 * would report the interrupted reply as an error, and the request would be recorded a second time.
 */
export const handOverLongReply: ReplyStep = ({ raw: { socket } }, { raw }, payload) => {
  if (!(payload instanceof Pieces)) return payload
  if (raw.destroyed) {
    payload.destroy()
    return ''
  }
  countUnsent(socket, payload)
  return payload
}
