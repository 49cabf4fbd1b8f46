import { Problem } from '#src/problems/problem'

/** Limits the number of long requests, such as event streams, that each caller may have open. */
export interface OpenRequestLimiter {
  /**
   * Counts another open request of a caller.
   *
   * @returns a function to call when the request has ended
   * @throws Problem `rate-limited` if the caller already has the maximum number of open requests
   */
  enter: (callerId: string) => () => void
  /** Returns the number of open requests of all callers. */
  open: () => number
}

/**
 * Creates a limiter. The requests that it counts can stay open indefinitely, so without a limit one caller could use all of the
 * gateway's connections.
 *
 * @param reason what the caller has too many of, for the log and the audit trail
 * @param maximum returns the maximum number of open requests of one caller
 */
export function createOpenRequestLimiter (reason: string, maximum: () => number): OpenRequestLimiter {
  const counts = new Map<string, number>()
  let all = 0
  return {
    enter (callerId) {
      const count = counts.get(callerId) ?? 0
      if (count >= maximum()) throw new Problem('rate-limited', { reason, retryAfter: 5 })
      counts.set(callerId, count + 1)
      all += 1
      return () => {
        const left = (counts.get(callerId) ?? 0) - 1
        if (left > 0) counts.set(callerId, left)
        else counts.delete(callerId)
        all -= 1
      }
    },
    open: () => all
  }
}
