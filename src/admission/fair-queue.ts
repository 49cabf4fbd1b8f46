/** The owner of a piece of work: a caller, in one environment. */
export interface Owner {
  readonly callerId: string
  readonly environment: string
}

/**
 * A queue in which callers take turns, and so do the environments of each caller. The work of one caller in one environment is
 * served in the order of its arrival.
 */
export interface FairQueue<Work extends Owner> {
  readonly size: number
  /** Returns the number of pieces of work that the caller has in the queue. */
  sizeOf: (callerId: string) => number
  has: (work: Work) => boolean
  add: (work: Work) => void
  remove: (work: Work) => void
  /**
   * Removes and returns the work whose turn it is, or undefined if there is none.
   *
   * @param mayStart returns false for a caller that has to be passed over for now
   */
  next: (mayStart: (callerId: string) => boolean) => Work | undefined
}

export function createFairQueue<Work extends Owner> (): FairQueue<Work> {
  // A Map keeps the order in which its keys were added. The first key has the next turn, and moves to the end after its turn.
  const callers = new Map<string, { size: number, environments: Map<string, Set<Work>> }>()
  let size = 0

  function remove (work: Work): void {
    const { callerId, environment } = work
    const caller = callers.get(callerId)
    const works = caller?.environments.get(environment)
    if (caller === undefined || works?.delete(work) !== true) return
    size -= 1
    caller.size -= 1
    if (works.size === 0) caller.environments.delete(environment)
    if (caller.size === 0) callers.delete(callerId)
  }

  /** Yields the work of the callers that may start, in the order of their turns. */
  function* inTurn (mayStart: (callerId: string) => boolean): Generator<Work, undefined> {
    for (const [callerId, { environments }] of callers) {
      if (mayStart(callerId)) for (const works of environments.values()) yield* works
    }
  }

  return {
    get size () {
      return size
    },
    sizeOf: (callerId) => callers.get(callerId)?.size ?? 0,
    has: (work) => callers.get(work.callerId)?.environments.get(work.environment)?.has(work) === true,
    add (work) {
      const { callerId, environment } = work
      const caller = callers.get(callerId) ?? { size: 0, environments: new Map<string, Set<Work>>() }
      const works = caller.environments.get(environment) ?? new Set()
      callers.set(callerId, caller)
      caller.environments.set(environment, works.add(work))
      caller.size += 1
      size += 1
    },
    remove,
    next (mayStart) {
      const [work] = inTurn(mayStart)
      if (work === undefined) return undefined
      const { callerId, environment } = work
      moveToEnd(callers, callerId)
      moveToEnd(callers.get(callerId)?.environments, environment)
      remove(work)
      return work
    }
  }
}

/** Moves a key of a Map to the end of its order. */
function moveToEnd<Value> (map: Map<string, Value> | undefined, key: string): void {
  const value = map?.get(key)
  if (value === undefined) return
  map?.delete(key)
  map?.set(key, value)
}
