import type { Budget } from '#src/admission/budget'
import { Pieces } from '#src/http/long-reply'
import { memoryOwner, releaseWhenClosed } from '#src/request/reply-memory'
import type { ReplyStep } from '#src/request/step'

/** The minimum length of a reply that is counted, in bytes. */
const longReply = 32 * 1024

/**
 * Counts a long reply as memory that the caller holds, until the caller has read it. The request's body counts until then, too,
 * even if the caller has already disconnected, because the body stays in memory until the request has been handled.
 *
 * @throws Problem `overloaded` instead of the reply to a GET if the caller or all callers together hold too much memory. The
 *   reply to a request that may have changed something is never withheld.
 */
export const countUnreadReply = ({ reserve, charge }: Budget): ReplyStep => (request, { raw }, payload) => {
  const { bodyReservation } = request.found
  if (bodyReservation !== undefined) releaseWhenClosed(raw, bodyReservation)
  const length = lengthOf(payload)
  if (length >= longReply) releaseWhenClosed(raw, (request.method === 'GET' ? reserve : charge)(memoryOwner(request), length))
  return payload
}

function lengthOf (payload: unknown): number {
  if (payload instanceof Pieces) return payload.byteLength
  return typeof payload === 'string' || payload instanceof Uint8Array ? payload.length : 0
}
