import { Problem } from '#src/problems/problem'

/** The maximum number of pieces of work at the same time. */
export interface RoomLimits {
  readonly all: number
  readonly ofOneCaller: number
}

/** Counts the pieces of long work that are under way. */
export interface Room {
  /**
   * Counts another piece of work.
   *
   * @returns a function to call when the work has ended
   * @throws Problem `overloaded` if this would exceed one of the limits
   */
  enter: (callerId: string) => () => void
}

/** Creates the counter, with no work under way. */
export function createRoom ({ all, ofOneCaller }: RoomLimits): Room {
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
