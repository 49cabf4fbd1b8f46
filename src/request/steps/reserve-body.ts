import type { Budget } from '#src/admission/budget'
import { declaredLength } from '#src/http/declared-length'
import { bodyMemory } from '#src/http/body-memory'
import { memoryOwner } from '#src/request/reply-memory'
import type { Step } from '#src/request/step'

/**
 * Reserves the memory for a body and its parsed form, before the body is read. The step `countUnreadReply` releases it. A chunked
 * body counts with the maximum length that the route accepts.
 *
 * @throws Problem `overloaded` if the caller or all callers together hold too much memory
 */
export const reserveBody = (memory: Budget): Step => (request) => {
  const length = declaredLength(request.headers)
  if (length === 0) return undefined
  const bodyBytes = bodyMemory(Math.min(length, request.routeOptions.bodyLimit))
  return { bodyBytes, bodyReservation: memory.reserve(memoryOwner(request), bodyBytes) }
}
