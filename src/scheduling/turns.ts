import { monotonic, type Monotonic } from '#src/clock'

/**
 * How long, in milliseconds, a computation may run before other work gets a turn. The first turn begins at once, whatever else
 * runs in the same iteration of the event loop. So it is only long enough for a computation that is not long after all.
 */
const turnTime = { first: 0.25, later: 1 }

/**
 * The number of iterations of the event loop between two turns. A short request takes about ten iterations, and is delayed by
 * each turn in between. An iteration without a turn takes only microseconds. So with these pauses, a short request is delayed by
 * one or two turns instead of ten, but long computations hardly take longer.
 */
export const pauseLength = 8

/** The turns of one long computation. */
export interface Turn {
  /** Returns true if the current turn has lasted long enough. */
  readonly isOver: () => boolean
  /** Ends the current turn. Resolves when the next turn begins. */
  readonly next: () => Promise<void>
}

/** Measures time, and defers work in the event loop. */
export interface LoopClock {
  readonly monotonic: Monotonic
  /** Calls a function in a later iteration of the event loop. */
  readonly schedule: (callback: () => void) => void
}

/**
 * Creates a queue in which long computations wait for their turns. Returns a function that begins the first turn of another
 * computation. At most one waiting computation gets a turn in an iteration of the event loop, and none gets one in the next
 * `pause` iterations. So the loop is never blocked for much longer than a turn, however many computations there are.
 */
export function createTurns ({ monotonic, schedule }: LoopClock, pause = pauseLength): () => Turn {
  const waiting: (() => void)[] = []
  let left = 0
  let isScheduled = false

  function scheduleNext (): void {
    if (!isScheduled) schedule(beginIteration)
    isScheduled = true
  }

  function beginIteration (): void {
    isScheduled = false
    if (left > 0) {
      left -= 1
    } else {
      waiting.shift()?.()
      left = pause
    }
    if (left > 0 || waiting.length > 0) scheduleNext()
  }

  return () => {
    let end = monotonic() + turnTime.first
    return {
      isOver: () => monotonic() >= end,
      async next () {
        await new Promise<void>((resolve) => {
          waiting.push(resolve)
          scheduleNext()
        })
        end = monotonic() + turnTime.later
      }
    }
  }
}

/** Begins the first turn of a computation, in the queue that the whole process shares. */
export const beginTurn = createTurns({ monotonic, schedule: setImmediate })

/** Does the same for work that mostly waits for AWS. Pauses would only make it slower, so its turns have none. */
export const beginWaitingTurn = createTurns({ monotonic, schedule: setImmediate }, 0)

/** Calls `work` for each item in order, and starts a new turn whenever the current one is over. */
export async function forEachInTurns<T> (
  items: Iterable<T>, work: (item: T, index: number) => void, turn = beginTurn()
): Promise<void> {
  let index = 0
  for (const item of items) {
    if (turn.isOver()) await turn.next()
    work(item, index)
    index += 1
  }
}

/** Calls `map` for each item in order, starts a new turn whenever the current one is over, and returns the results. */
export async function mapInTurns<T, R> (
  items: Iterable<T>, map: (item: T, index: number) => R, turn = beginTurn()
): Promise<R[]> {
  const results: R[] = []
  await forEachInTurns(items, (item, index) => { results.push(map(item, index)) }, turn)
  return results
}
