import type { Problem } from '#src/problems/problem'

/** The maximum number of operations in progress: for one caller and, if there is a limit, for all callers together. */
export interface ConcurrencyLimits {
  readonly ofOneCaller: number
  readonly all?: number
}

/**
 * Limits how many long operations, such as bulk creates and event streams, are in progress at the same time. Without a limit, one
 * caller could use up the gateway's connections and memory.
 */
export interface ConcurrencyLimiter {
  /**
   * Counts the start of an operation.
   *
   * @returns a function to call when the operation has ended
   * @throws Problem the limiter's problem, if the operation would exceed one of the limits
   */
  enter: (callerId: string) => () => void
  /** Returns the number of operations in progress, of all callers. */
  count: () => number
}

/**
 * Creates a limiter. At first, no operations are in progress.
 *
 * @param limits returns the current limits
 * @param refusal returns the problem for an operation that would exceed a limit
 */
export function createConcurrencyLimiter (limits: () => ConcurrencyLimits, refusal: () => Problem): ConcurrencyLimiter {
  const counts = new Map<string, number>()
  let total = 0
  return {
    enter (callerId) {
      const { ofOneCaller, all = Infinity } = limits()
      const own = counts.get(callerId) ?? 0
      if (own >= ofOneCaller || total >= all) throw refusal()
      counts.set(callerId, own + 1)
      total += 1
      return () => {
        const left = (counts.get(callerId) ?? 0) - 1
        if (left > 0) counts.set(callerId, left)
        else counts.delete(callerId)
        total -= 1
      }
    },
    count: () => total
  }
}
