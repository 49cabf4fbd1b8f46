import { declaredLength } from '#src/http/declared-length'
import { lingerBeforeClose } from '#src/http/linger'
import type { ReplyStep } from '#src/request/step'

/** The maximum length in bytes of a body that Node.js discards after the reply, so that the connection can be used again. */
const discardedBytes = 64 * 1024

/**
 * Closes the connection after the reply to a request whose body has not been read, unless the body is short. Otherwise the
 * gateway would have to receive the rest of a refused body, however long it is.
 */
export const boundUnreadBody: ReplyStep = ({ raw: { complete, headers, socket } }, reply, payload) => {
  if (!complete && declaredLength(headers) > discardedBytes) {
    reply.header('connection', 'close')
    lingerBeforeClose(socket)
  }
  return payload
}
