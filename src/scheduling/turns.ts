import { monotonic, type Monotonic } from '#src/clock'

/**
 * The time, in milliseconds, that a long computation may run before other work gets a turn. A short request needs about ten
 * iterations of the event loop, and may wait for a turn in each, so it may wait about ten times this long.
 */
const turnTime = 1

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
 * computation. In each iteration of the event loop, at most one waiting computation gets a turn. So the loop is never blocked
 * for much longer than a turn, however many computations there are.
 */
export function createTurns ({ monotonic, schedule }: LoopClock): () => Turn {
  const waiting: (() => void)[] = []
  const wake = (): void => {
    waiting.shift()?.()
    if (waiting.length > 0) schedule(wake)
  }
  return () => {
    let start = monotonic()
    return {
      isOver: () => monotonic() - start >= turnTime,
      async next () {
        await new Promise<void>((resolve) => {
          waiting.push(resolve)
          if (waiting.length === 1) schedule(wake)
        })
        start = monotonic()
      }
    }
  }
}

/** Begins the first turn of a computation, in the queue that the whole process shares. */
export const beginTurn = createTurns({ monotonic, schedule: setImmediate })

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
