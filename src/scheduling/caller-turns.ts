import { createFairQueue, type Owner } from '#src/admission/fair-queue'
import { monotonic } from '#src/clock'
import type { LoopClock } from './turns.ts'

/** The maximum number of callers per iteration of the event loop whose first turn begins immediately. */
const mostCallers = 32

/**
 * The time, in milliseconds, after which no further turns begin in an iteration of the event loop. It is short, because the read
 * of a secret takes about ten iterations.
 */
const turnsTime = 2

/** The turns of callers in the event loop. */
export interface CallerTurns {
  /** The number of the current iteration of the event loop. A turn is still in progress if it began in the current iteration. */
  readonly iteration: number
  /** Returns undefined if it is the caller's turn, or a promise that resolves when it is. */
  readonly wait: (callerId: string) => Promise<void> | undefined
}

interface Waiting extends Owner {
  readonly begin: () => void
}

interface TurnClock extends LoopClock {
  /** Calls a function after the turn's synchronous work and microtasks, but still in the same iteration of the event loop. */
  readonly afterTurn: (callback: () => void) => void
}

/**
 * Creates a queue in which the requests of callers wait for their turns. In each iteration of the event loop, requests run for
 * only a short time, and callers take turns. So a request does not wait for another caller's burst of requests.
 *
 * A caller's first turn in an iteration begins at once, unless other requests of the caller are waiting, or `mostCallers` callers
 * have already had a first turn in this iteration.
 */
export function createCallerTurns ({ monotonic, schedule, afterTurn }: TurnClock): CallerTurns {
  const waiting = createFairQueue<Waiting>()
  /** The callers that have had a turn in this iteration. */
  const served = new Set<string>()
  let iteration = 0
  let start = 0

  function count (callerId: string): void {
    if (served.size === 0) {
      start = monotonic()
      schedule(beginIteration)
    }
    served.add(callerId)
  }

  const hasTime = (): boolean => monotonic() - start < turnsTime

  function beginIteration (): void {
    iteration += 1
    served.clear()
    beginNext()
  }

  function beginNext (): void {
    const next = served.size === 0 || hasTime() ? waiting.next(() => true) : undefined
    if (next === undefined) return
    count(next.callerId)
    next.begin()
    afterTurn(beginNext)
  }

  function mayBegin (callerId: string): boolean {
    if (served.size === 0) return true
    if (served.has(callerId)) return waiting.size === 0 && hasTime()
    return served.size < mostCallers && waiting.sizeOf(callerId) === 0
  }

  return {
    get iteration () {
      return iteration
    },
    wait (callerId) {
      if (!mayBegin(callerId)) return new Promise((resolve) => { waiting.add({ callerId, environment: '', begin: resolve }) })
      count(callerId)
      return undefined
    }
  }
}

/** The turns that all callers of this process take. */
export const callerTurns = createCallerTurns({
  monotonic,
  schedule: setImmediate,
  // Node.js runs the next tick when no microtask is left.
  afterTurn (callback) { queueMicrotask(() => { process.nextTick(callback) }) }
})
