import type { Monotonic } from '#src/clock'
import { getOrCreate } from '#src/collections/get-or-create'
import { Problem } from '#src/problems/problem'
import type { TokenBucket } from './token-bucket.ts'
import { createFairQueue, type Owner, type FairQueue } from './fair-queue.ts'
import { createWakeTimer } from './wake-timer.ts'

/**
 * Foreground work is a call for a request that waits for it. Background work, such as a bulk create, makes many calls for one
 * request and yields to foreground work.
 */
export type Priority = 'foreground' | 'background'

/** A call that is to be admitted. */
export interface Work extends Owner {
  /** The AWS operation. It determines the quota. */
  readonly operation: string
  readonly priority: Priority
  /** When one of these is aborted, the work leaves the queue. Its promise is then rejected with the abort reason. */
  readonly signals: readonly AbortSignal[]
}

/** Frees the slot of a call that has ended, and starts waiting calls. */
export type ReleaseSlot = () => void

/**
 * Admits calls with one credential to one region. A call needs two things: one of a limited number of slots, and a token of its
 * operation's quota. If either is missing, the call waits in a queue. These are the rules:
 *
 * - Callers take turns. Among the calls of one caller, the environments take turns. Lanes with a common token bucket take turns
 *   as well.
 * - A caller may hold at most as many slots as it leaves free. The same rule applies to places in the queue. So there is always
 *   room for another caller: a single caller gets at most half.
 * - Background work has its own slots. If foreground and background work wait for the same quota, every fourth token goes to
 *   background work.
 * - A foreground call waits for a limited time. Background work waits for as long as its owner does.
 * - A call leaves the queue as soon as one of its signals is aborted.
 */
export interface Lane {
  /**
   * Resolves when the call may start.
   *
   * @returns a function that must be called when the call has ended
   * @throws Problem `overloaded` if the queue is full, or if the call has waited too long
   */
  enter: (work: Work) => Promise<ReleaseSlot>
  /** Lowers the rate of an operation's calls, after AWS has throttled one. */
  slowDown: (operation: string) => void
  /** Returns how many calls of a priority are waiting, and how many hold a slot. */
  load: (priority: Priority) => { waiting: number, held: number }
  /** Returns the fraction of an operation's quota that is free at the moment, from 0 to 1. */
  headroom: (operation: string) => number
}

export interface LaneSettings {
  /** The maximum number of calls at the same time. */
  readonly slots: Readonly<Record<Priority, number>>
  /** The maximum number of foreground calls in the queue. */
  readonly queueLength: number
  /** The maximum time that a foreground call waits in the queue, in milliseconds. */
  readonly queueTime: number
}

/** If both kinds of work wait for a quota, one of every `backgroundEvery` tokens goes to background work. */
const backgroundEvery = 4

/** The number of recent starts that the estimated wait is based on. */
const estimatedFrom = 32

/** The bounds of an estimated wait, and the estimate if no call has started recently, in seconds. */
const estimate = { least: 1, most: 60, unknown: 5 }

interface Waiting extends Work {
  readonly admit: () => void
}

/** The work that waits for tokens of the same bucket. */
interface Queue extends Readonly<Record<Priority, FairQueue<Waiting>>> {
  turns: number
}

const emptyQueue = (): Queue => ({ foreground: createFairQueue(), background: createFairQueue(), turns: 0 })

/**
 * Creates a lane.
 *
 * @param settings returns the current settings
 * @param bucketOf returns the token bucket of an operation. Operations with a common quota share a bucket, even across lanes.
 * @param monotonic measures spans of time
 * @param timer wakes the lane when there is a token. Lanes with a common bucket must have the same timer.
 */
export function createLane (
  settings: () => LaneSettings, bucketOf: (operation: string) => TokenBucket, monotonic: Monotonic,
  timer = createWakeTimer(monotonic)
): Lane {
  /** The queues that are not empty, by bucket. The one that has not been served for the longest time is first. */
  const queues = new Map<TokenBucket, Queue>()
  const held: Record<Priority, { all: number, by: Map<string, number> }> = {
    foreground: { all: 0, by: new Map() },
    background: { all: 0, by: new Map() }
  }
  const started: number[] = []

  const mayStart = (priority: Priority) => (callerId: string): boolean =>
    (held[priority].by.get(callerId) ?? 0) < settings().slots[priority] - held[priority].all

  function start ({ priority, callerId }: Owner & { priority: Priority }): ReleaseSlot {
    const { by } = held[priority]
    held[priority].all += 1
    by.set(callerId, (by.get(callerId) ?? 0) + 1)
    return () => {
      held[priority].all -= 1
      const left = (by.get(callerId) ?? 0) - 1
      if (left > 0) by.set(callerId, left)
      else by.delete(callerId)
      if (queues.size > 0) serve()
    }
  }

  function nextOf (queue: Queue): Waiting | undefined {
    queue.turns += 1
    const [first, second] = queue.turns % backgroundEvery === 0 ? ['background', 'foreground'] as const : ['foreground', 'background'] as const
    return queue[first].next(mayStart(first)) ?? queue[second].next(mayStart(second))
  }

  /** Starts as much work as possible, one call of each queue in turn. */
  function serve (): void {
    let soonest = Infinity
    let hasStarted = false
    for (const [bucket, queue] of queues) {
      const wait = bucket.wait(queue.foreground.size + queue.background.size)
      soonest = wait > 0 ? Math.min(soonest, wait) : soonest
      const work = wait > 0 ? undefined : nextOf(queue)
      if (work === undefined) continue
      bucket.take()
      hasStarted = true
      // Moves the queue to the end of the Map, so that the loop visits it again after the others. Drops the queue if it is empty.
      queues.delete(bucket)
      if (queue.foreground.size + queue.background.size > 0) queues.set(bucket, queue)
      work.admit()
    }
    if (hasStarted || soonest === Infinity) timer.clear(serve)
    if (soonest < Infinity) timer.set(serve, soonest)
  }

  const waitingOf = (size: (turns: FairQueue<Waiting>) => number): number =>
    Array.from(queues.values(), ({ foreground }) => size(foreground)).reduce((sum, one) => sum + one, 0)

  /**
   * Returns the problem for a call that can't wait any longer. Its `Retry-After` is the estimated time until the queue is empty.
   */
  function overloaded (): Problem {
    const [first] = started
    const perSecond = first === undefined ? 0 : started.length / (monotonic() - first) * 1_000
    const seconds = perSecond === 0 ? estimate.unknown : waitingOf(({ size }) => size) / perSecond
    return new Problem('overloaded', {
      reason: 'too many calls to AWS are waiting',
      retryAfter: Math.ceil(Math.min(Math.max(seconds, estimate.least), estimate.most))
    })
  }

  /** Waits in the queue until it is the work's turn. */
  async function wait (bucket: TokenBucket, work: Work): Promise<ReleaseSlot> {
    const { queueLength, queueTime } = settings()
    const { priority, callerId, signals } = work
    const isForeground = priority === 'foreground'
    const isFull = isForeground && waitingOf(({ sizeOf }) => sizeOf(callerId)) >= queueLength - waitingOf(({ size }) => size)
    const queue = getOrCreate(queues, bucket, emptyQueue)
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(age)
        for (const signal of signals) signal.removeEventListener('abort', leave)
      }
      const waiting: Waiting = {
        ...work,
        admit () {
          end()
          started.push(monotonic())
          if (started.length > estimatedFrom) started.shift()
          resolve(start(work))
        }
      }
      const give = (reason: Error): void => {
        end()
        queue[priority].remove(waiting)
        if (queue.foreground.size + queue.background.size === 0) queues.delete(bucket)
        reject(reason)
      }
      const leave = (): void => { give(signals.find(({ aborted }) => aborted)?.reason as Error) }
      const age = isForeground ? setTimeout(() => { give(overloaded()) }, queueTime) : undefined
      for (const signal of signals) signal.addEventListener('abort', leave, { once: true })
      queue[priority].add(waiting)
      serve()
      if (isFull && queue[priority].has(waiting)) give(overloaded())
    })
  }

  return {
    async enter (work) {
      for (const signal of work.signals) signal.throwIfAborted()
      const bucket = bucketOf(work.operation)
      if (queues.has(bucket) || !mayStart(work.priority)(work.callerId) || bucket.wait(1) > 0) return wait(bucket, work)
      bucket.take()
      return start(work)
    },
    slowDown (operation) {
      bucketOf(operation).slowDown()
    },
    load: (priority) => ({
      waiting: Array.from(queues.values(), (queue) => queue[priority].size).reduce((sum, size) => sum + size, 0),
      held: held[priority].all
    }),
    headroom: (operation) => bucketOf(operation).headroom()
  }
}
