import { createFairQueue, type Owner } from '#src/admission/fair-queue'
import { monotonic } from '#src/clock'
import type { LoopClock } from './turns.ts'

/** The maximum number of turns in one iteration of the event loop. */
const mostTurns = 32

/**
 * The time, in milliseconds, after which no further turns begin in an iteration of the event loop. It is short, because the read
 * of a secret takes about ten iterations.
 */
const turnsTime = 2

/** Returns undefined if it is the caller's turn, or a promise that resolves when it is. */
export type AwaitCallersTurn = (callerId: string) => Promise<void> | undefined

interface Waiting extends Owner {
  readonly begin: () => void
}

interface TurnClock extends LoopClock {
  /**
   * Calls a function later in the same iteration of the event loop, after the synchronous work and the microtasks of the turn.
   */
  readonly afterTurn: (callback: () => void) => void
}

/**
 * Creates a queue in which the requests of callers wait for their turns. Only a few requests continue in each iteration of the
 * event loop, and callers take turns. So a request does not wait for all requests that another caller has sent at once.
 *
 * A caller's first turn in an iteration begins at once, unless other requests of the caller wait, or `mostTurns` callers have had
 * theirs.
 */
export function createCallerTurns ({ monotonic, schedule, afterTurn }: TurnClock): AwaitCallersTurn {
  const waiting = createFairQueue<Waiting>()
  /** The callers that have had a turn in this iteration. */
  const served = new Set<string>()
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

  const hasTime = (): boolean => begun < mostTurns && monotonic() - start < turnsTime

  function beginIteration (): void {
    begun = 0
    served.clear()
    beginNext()
  }

  function beginNext (): void {
    const next = begun === 0 || hasTime() ? waiting.next(() => true) : undefined
    if (next === undefined) return
    count(next.callerId)
    next.begin()
    afterTurn(beginNext)
  }

  function mayBegin (callerId: string): boolean {
    if (begun === 0) return true
    return waiting.sizeOf(callerId) === 0 && (served.has(callerId) ? hasTime() : begun < mostTurns)
  }

  return (callerId) => {
    if (!mayBegin(callerId)) return new Promise((resolve) => { waiting.add({ callerId, environment: '', begin: resolve }) })
    count(callerId)
    return undefined
  }
}

/** Waits for a caller's turn, in the queue that the whole process shares. */
export const awaitCallersTurn = createCallerTurns({
  monotonic,
  schedule: setImmediate,
  // Node.js runs the next tick when no microtask is left.
  afterTurn (callback) { queueMicrotask(() => { process.nextTick(callback) }) }
})
