import t from 'tap'
import { createBudget } from '#src/admission/budget'
import { createConcurrencyLimiter } from '#src/admission/concurrency-limiter'
import { createFairQueue, type Owner } from '#src/admission/fair-queue'
import { createWakeTimer } from '#src/admission/wake-timer'
import { waitingQueue } from '#src/audit/queue'
import type { AwsCall } from '#src/aws/call'
import { createBatcher } from '#src/cache/batcher'
import { createFlights } from '#src/cache/flights'
import { Problem } from '#src/problems/problem'
import { createTimeouts } from '#src/scheduling/timeouts'

/*
 * Some state is kept for each caller, secret or request, but only for as long as it is needed. If such state were kept for longer,
 * nothing else would fail, but the memory of a process that runs for months would slowly fill up.
 */

/** Calls a function. Returns its result, and all Maps and Sets that it has created. */
function collectionsOf<T> (create: () => T): { created: T, collections: { size: number }[] } {
  const originals = { Map, Set }
  const collections: { size: number }[] = []
  const remember = {
    construct (target: NewableFunction, args: unknown[]): object {
      const collection = Reflect.construct(target, args) as { size: number }
      collections.push(collection)
      return collection
    }
  }
  Object.assign(globalThis, { Map: new Proxy(Map, remember), Set: new Proxy(Set, remember) })
  try {
    return { created: create(), collections }
  } finally {
    Object.assign(globalThis, originals)
  }
}

const call = {} as AwsCall

/** Returns a function for each kind of state. The function adds the state of a visitor, and then removes it. */
const states: Readonly<Record<string, () => (id: string) => unknown>> = {
  'the memory that callers have reserved': () => {
    const budget = createBudget(() => 1_000, () => 0)
    return (id) => { budget.reserve(id, 10).release() }
  },
  'the operations of callers': () => {
    const limiter = createConcurrencyLimiter(() => ({ all: 1, ofOneCaller: 1 }), () => new Problem('overloaded'))
    return (id) => { limiter.enter(id)() }
  },
  'the work that callers have queued': () => {
    const queue = createFairQueue<Owner>()
    return (id) => {
      queue.add({ callerId: id, environment: 'dev' })
      queue.next(() => true)
    }
  },
  'the environments in which a caller has queued work': () => {
    const queue = createFairQueue<Owner>()
    queue.add({ callerId: 'one', environment: 'dev' })
    return (id) => {
      const work = { callerId: 'one', environment: id }
      queue.add(work)
      queue.remove(work)
    }
  },
  'the records that callers have queued': () => {
    const queue = waitingQueue({ records: 10, bytes: 10_000 })
    return (id) => {
      void queue.add(['x'], [{ id, share: 1 }])
      for (const { resolve } of queue.release(queue.next())) resolve(1)
    }
  },
  'the reads of secrets': () => {
    const flights = createFlights<string>()
    return async (id) => flights.begin(id, id, call, async () => Promise.resolve('v')).result
  },
  'the reads of secrets that are outdated': () => {
    const flights = createFlights<string>()
    return async (id) => {
      const { result } = flights.begin(id, undefined, call, async () => Promise.resolve('v'))
      flights.outdate(id)
      await result
    }
  },
  'the batches of secrets': () => {
    const batcher = createBatcher<string>(1, async () => Promise.resolve(), () => () => undefined)
    return (id) => { batcher.add(id, id, { longest: 1, isUrgent: true }) }
  },
  'the timeouts of requests': () => {
    let now = 0
    const timeouts = createTimeouts(() => now += 250)
    return () => { timeouts.after(60_000, () => undefined)() }
  },
  'the lanes that wait for tokens': () => {
    const timer = createWakeTimer(() => 0)
    return () => {
      const wake = (): void => undefined
      timer.set(wake, 60)
      timer.clear(wake)
    }
  }
}

for (const [what, create] of Object.entries(states)) {
  t.test(`no state of ${what} remains after their end`, async (t) => {
    const { created: visit, collections } = collectionsOf(create)
    t.ok(collections.length > 0)
    const sizes = collections.map(({ size }) => size)
    for (const id of ['a', 'b', 'c']) await visit(id)
    // A batcher reviews its groups in a few more iterations of the event loop.
    for (let iteration = 0; iteration < 10; iteration++) await new Promise((resolve) => { setImmediate(resolve) })
    t.same(collections.map(({ size }) => size), sizes)
  })
}
