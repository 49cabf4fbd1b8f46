import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * A connection. `_httpMessage` is the reply that Node.js is sending on it, or will send next. Node.js does not document this
 * property.
 */
type HttpSocket = Socket & { _httpMessage?: ServerResponse | null }

/**
 * Returns the reply that a connection has to send next. Returns undefined if there is no such reply, or if its request has not
 * arrived completely.
 */
const nextReply = ({ _httpMessage: reply }: HttpSocket): ServerResponse | undefined =>
  reply?.req.complete === true ? reply : undefined

/** Returns true if a request has arrived completely on a connection, but its reply has not been sent completely. */
export const owesReply = (socket: Socket): boolean => nextReply(socket) !== undefined

const closed = async (reply: ServerResponse): Promise<void> => new Promise((resolve) => { reply.once('close', resolve) })

/**
 * Waits until a connection has sent the replies to all requests that have arrived completely. If the gateway wrote another reply
 * before these, the client would take it for the reply to one of those requests.
 */
export async function earlierReplies (socket: Socket): Promise<void> {
  for (let reply = nextReply(socket); reply !== undefined && !socket.destroyed; reply = nextReply(socket)) await closed(reply)
}
