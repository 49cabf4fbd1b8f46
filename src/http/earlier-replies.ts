import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * A connection. `_httpMessage` is the reply that Node.js is sending on it, or will send next. Node.js does not document this
 * property.
 */
type HttpSocket = Socket & { _httpMessage?: ServerResponse | null }

/** Returns the next reply of a connection. Returns undefined if there is none, or if its request has not arrived as a whole. */
const nextReply = ({ _httpMessage: reply }: HttpSocket): ServerResponse | undefined =>
  reply?.req.complete === true ? reply : undefined

/** Returns true if a request has arrived as a whole on a connection and its reply has not been sent completely. */
export const owesReply = (socket: Socket): boolean => nextReply(socket) !== undefined

const closed = async (reply: ServerResponse): Promise<void> => new Promise((resolve) => { reply.once('close', resolve) })

/**
 * Waits until all requests that have arrived as a whole on a connection have been answered. If the gateway wrote another reply to
 * the connection before that, the client would take it for the reply to one of these requests.
 */
export async function earlierReplies (socket: Socket): Promise<void> {
  for (let reply = nextReply(socket); reply !== undefined && !socket.destroyed; reply = nextReply(socket)) await closed(reply)
}
