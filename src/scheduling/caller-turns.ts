import { createFairQueue, type Owner } from '#src/admission/fair-queue'

/**
 * The maximum number of turns in one iteration of the event loop. In each, a request does less than a millisecond of work. With
 * only four turns, a gateway that is busy with short requests handles half as many of them.
 */
const mostTurns = 32

/** Returns undefined if it is the caller's turn, or a promise that resolves when it is. */
export type AwaitCallersTurn = (callerId: string) => Promise<void> | undefined

interface Waiting extends Owner {
  readonly begin: () => void
}

/**
 * Creates a queue in which the requests of callers wait for their turns. Only a few requests continue in each iteration of the
 * event loop, and callers take turns. So a request does not wait for all requests that another caller has sent at once.
 *
 * @param schedule calls a function in a later iteration of the event loop
 * @param perIteration the maximum number of turns in one iteration
 */
export function createCallerTurns (schedule: (callback: () => void) => void, perIteration = mostTurns): AwaitCallersTurn {
  const waiting = createFairQueue<Waiting>()
  let begun = 0

  function count (): void {
    if (begun === 0) schedule(beginIteration)
    begun += 1
  }

  function beginIteration (): void {
    begun = 0
    while (begun < perIteration && waiting.size > 0) {
      count()
      waiting.next(() => true)?.begin()
    }
  }

  return (callerId) => {
    if (begun === perIteration) return new Promise((resolve) => { waiting.add({ callerId, environment: '', begin: resolve }) })
    count()
    return undefined
  }
}
