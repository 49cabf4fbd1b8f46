import { createFairQueue, type Owner } from '#src/admission/fair-queue'
import { monotonic } from '#src/clock'
import type { LoopClock } from './turns.ts'

/**
 * The maximum number of turns in one iteration of the event loop. With only four, a gateway that is busy with short requests
 * handles half as many of them.
 */
const mostTurns = 32

/**
 * The time, in milliseconds, that an iteration of the event loop should last at most. The read of a secret needs some ten
 * iterations.
 */
const longestIteration = 2

/** Returns undefined if it is the caller's turn, or a promise that resolves when it is. */
export type AwaitCallersTurn = (callerId: string) => Promise<void> | undefined

interface Waiting extends Owner {
  readonly begin: () => void
}

/**
 * Creates a queue in which the requests of callers wait for their turns. Only a few requests continue in each iteration of the
 * event loop, and callers take turns. So a request does not wait for all requests that another caller has sent at once.
 *
 * The number of turns in an iteration is halved after one that lasted too long, and doubled after one that did not. A caller
 * without a turn in the current iteration never waits, unless there are `mostTurns` of them.
 */
export function createCallerTurns ({ monotonic, schedule }: LoopClock): AwaitCallersTurn {
  const waiting = createFairQueue<Waiting>()
  const served = new Set<string>()
  let allowed = mostTurns
  let begun = 0
  let start = 0

  function count (callerId: string): void {
    if (begun === 0) {
      start = monotonic()
      schedule(beginIteration)
    }
    begun += 1
    served.add(callerId)
  }

  function beginIteration (): void {
    allowed = monotonic() - start > longestIteration ? Math.max(allowed / 2, 1) : Math.min(allowed * 2, mostTurns)
    begun = 0
    served.clear()
    while (begun < allowed) {
      const next = waiting.next(() => true)
      if (next === undefined) return
      count(next.callerId)
      next.begin()
    }
  }

  return (callerId) => {
    const limit = served.has(callerId) ? allowed : mostTurns
    if (begun >= limit) return new Promise((resolve) => { waiting.add({ callerId, environment: '', begin: resolve }) })
    count(callerId)
    return undefined
  }
}

/** Waits for a caller's turn, in the queue that the whole process shares. */
export const awaitCallersTurn = createCallerTurns({ monotonic, schedule: setImmediate })
