import { Problem } from '#src/problems/problem'

/** The maximum number of operations at the same time: in total, and for one caller. */
export interface ConcurrencyLimits {
  readonly all: number
  readonly ofOneCaller: number
}

/** Limits the number of long operations that run at the same time. */
export interface ConcurrencyLimiter {
  /**
   * Counts the start of an operation.
   *
   * @returns a function to call when the operation has ended
   * @throws Problem `overloaded` if this would exceed one of the limits
   */
  enter: (callerId: string) => () => void
}

/** Creates a limiter. At first, no operations are running. */
export function createConcurrencyLimiter ({ all, ofOneCaller }: ConcurrencyLimits): ConcurrencyLimiter {
  const counts = new Map<string, number>()
  let total = 0
  return {
    enter (callerId) {
      const own = counts.get(callerId) ?? 0
      if (total >= all || own >= ofOneCaller) throw new Problem('overloaded', { reason: 'too many bulk operations are under way' })
      total += 1
      counts.set(callerId, own + 1)
      return () => {
        const left = (counts.get(callerId) ?? 0) - 1
        total -= 1
        if (left > 0) counts.set(callerId, left)
        else counts.delete(callerId)
      }
    }
  }
}
