import { declaredLength } from '#src/http/declared-length'
import { lingerBeforeClose } from '#src/http/linger'
import type { ReplyStep } from '#src/request/step'

/** The maximum length in bytes of a body that Node.js discards after the reply, so that the connection can be used again. */
const discardedBytes = 64 * 1024

/**
 * Closes the connection after the reply to a request whose body has not been read, unless the body is short. Otherwise a refused
 * client could make the gateway receive a body of any length.
 */
export const boundUnreadBody: ReplyStep = ({ raw: { complete, headers, socket } }, reply, payload) => {
  if (!complete && declaredLength(headers) > discardedBytes) {
    reply.header('connection', 'close')
    lingerBeforeClose(socket)
  }
  return payload
}
