import { Problem } from '#src/problems/problem'

/** Limits the number of long requests, such as event streams, that each caller may have open. */
export interface Places {
  /**
   * Takes a place for a caller.
   *
   * @returns a function that frees the place
   * @throws Problem `rate-limited` if the caller already has the maximum number
   */
  take: (callerId: string) => () => void
  /** Returns the number of taken places. */
  taken: () => number
}

/**
 * Counts the places of each caller. A request that takes one can stay open indefinitely, so without a limit one caller could use
 * all of the gateway's connections.
 *
 * @param reason what the caller has too many of, for the log and the audit trail
 * @param maximum returns the maximum number of places of one caller
 */
export function createPlaces (reason: string, maximum: () => number): Places {
  const counts = new Map<string, number>()
  let all = 0
  return {
    take (callerId) {
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
    taken: () => all
  }
}
