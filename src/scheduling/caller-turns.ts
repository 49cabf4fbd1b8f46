import { createFairQueue, type Owner } from '#src/admission/fair-queue'
import { monotonic } from '#src/clock'
import { pauseLength, type LoopClock } from './turns.ts'

/** The maximum number of callers per iteration of the event loop whose first turn begins immediately. */
const mostCallers = 32

/**
 * The time, in milliseconds, after which no further turns begin in an iteration of the event loop, and after which a caller has
 * to pause. It is short, because the read of a secret takes about ten iterations.
 */
const turnsTime = 2

/** Nobody has to pause unless turns of different callers began within this number of iterations. */
const companyLength = 16

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
 *
 * If a caller's waiting requests have run for `turnsTime` in an iteration, the caller pauses for the next `pauseLength`
 * iterations. Without the pause, a request of another caller would be delayed in each iteration that the request takes. A caller
 * that is alone does not pause.
 */
export function createCallerTurns ({ monotonic, schedule, afterTurn }: TurnClock): CallerTurns {
  const waiting = createFairQueue<Waiting>()
  /** The callers that have had a turn in this iteration, and how long their waiting requests have run. */
  const served = new Map<string, number>()
  /** The callers that pause, and the iterations at which their pauses end. */
  const pausing = new Map<string, number>()
  let iteration = 0
  let start = 0
  let latestCaller = ''
  /** The latest iteration in which a turn followed one of another caller. */
  let latestCompany = -Infinity
  let isScheduled = false

  function scheduleNext (): void {
    if (!isScheduled) schedule(beginIteration)
    isScheduled = true
  }

  function count (callerId: string): void {
    if (served.size === 0) start = monotonic()
    if (!served.has(callerId)) served.set(callerId, 0)
    if (callerId !== latestCaller) {
      if (latestCaller !== '') latestCompany = iteration
      latestCaller = callerId
    }
    scheduleNext()
  }

  const hasTime = (): boolean => monotonic() - start < turnsTime

  function beginIteration (): void {
    iteration += 1
    isScheduled = false
    served.clear()
    for (const [callerId, end] of pausing) if (end <= iteration) pausing.delete(callerId)
    beginNext()
    if (waiting.size > 0 || pausing.size > 0) scheduleNext()
  }

  function beginNext (): void {
    const next = served.size === 0 || hasTime() ? waiting.next((callerId) => !pausing.has(callerId)) : undefined
    if (next === undefined) return
    const { callerId, begin } = next
    const began = monotonic()
    count(callerId)
    begin()
    afterTurn(() => {
      endTurn(callerId, monotonic() - began)
      beginNext()
    })
  }

  function endTurn (callerId: string, time: number): void {
    const used = (served.get(callerId) ?? 0) + time
    served.set(callerId, used)
    const hasCompany = iteration - latestCompany <= companyLength
    if (used >= turnsTime && hasCompany) pausing.set(callerId, iteration + pauseLength + 1)
  }

  function mayBegin (callerId: string): boolean {
    if (pausing.has(callerId) || waiting.sizeOf(callerId) > 0) return false
    if (served.has(callerId)) return waiting.size === 0 && hasTime()
    return served.size < mostCallers
  }

  return {
    get iteration () {
      return iteration
    },
    wait (callerId) {
      if (!mayBegin(callerId)) {
        scheduleNext()
        return new Promise((resolve) => { waiting.add({ callerId, environment: '', begin: resolve }) })
      }
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
