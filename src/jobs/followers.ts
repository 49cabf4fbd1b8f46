import { Problem } from '#src/problems/problem'

/** The event streams with which callers follow their jobs. */
export interface Followers {
  /**
   * Counts another event stream of a caller.
   *
   * @returns a function to call when the stream has ended
   * @throws Problem `rate-limited` if the caller already has as many as it may
   */
  add: (callerId: string) => () => void
}

/**
 * Counts the event streams of each caller. A stream lasts as long as its job, so without a limit one caller could hold all
 * connections that the gateway accepts.
 *
 * @param maximum returns the maximum number of event streams of one caller
 */
export function createFollowers (maximum: () => number): Followers {
  const counts = new Map<string, number>()
  return {
    add (callerId) {
      const count = counts.get(callerId) ?? 0
      if (count >= maximum()) throw new Problem('rate-limited', { reason: 'event-streams', retryAfter: 5 })
      counts.set(callerId, count + 1)
      return () => {
        const left = (counts.get(callerId) ?? 0) - 1
        if (left > 0) counts.set(callerId, left)
        else counts.delete(callerId)
      }
    }
  }
}
