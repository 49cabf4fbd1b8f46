import t from 'tap'
import { refreshingCache, type RefreshingCache } from '#src/credentials/refreshing-cache'

const minute = 60_000

interface Fixture {
  cache: RefreshingCache<number>
  fetches: () => number
  advance: (milliseconds: number) => void
  /** Sets the wall clock ahead, or back, although no time passes. */
  setClock: (milliseconds: number) => void
  /** Completes the current fetch, with an error if one is given. */
  answer: (outcome?: Error) => Promise<void>
}

/** Creates a cache whose source returns 1, 2, 3 … Each value is valid for `lasts` milliseconds, by default an hour. */
function fixture (lasts = 60 * minute): Fixture {
  let now = 0
  let clockError = 0
  let fetches = 0
  let waiting: PromiseWithResolvers<number> | undefined
  return {
    cache: refreshingCache({
      async get () {
        fetches += 1
        waiting = Promise.withResolvers()
        return waiting.promise
      },
      endOf: () => lasts === Infinity ? undefined : new Date(now + lasts),
      now: () => now + clockError,
      monotonic: () => now
    }),
    fetches: () => fetches,
    advance: (milliseconds) => { now += milliseconds },
    setClock: (milliseconds) => { clockError = milliseconds },
    async answer (outcome) {
      if (outcome === undefined) waiting?.resolve(fetches)
      else waiting?.reject(outcome)
      await new Promise(setImmediate)
    }
  }
}

t.test('concurrent callers share one fetch, and the value is cached', async (t) => {
  const { cache: { current }, fetches, answer, advance } = fixture()
  const all = Promise.all(Array.from({ length: 100 }, current))
  await answer()
  t.same(new Set(await all), new Set([1]))
  advance(55 * minute - 1)
  t.equal(await current(), 1)
  t.equal(fetches(), 1)
})

t.test('shortly before its expiry, a value is refreshed once in the background', async (t) => {
  const { cache: { current }, fetches, answer, advance } = fixture()
  const first = current()
  await answer()
  await first
  advance(55 * minute)
  t.same(new Set(await Promise.all(Array.from({ length: 100 }, current))), new Set([1]), 'callers do not wait')
  t.equal(fetches(), 2)
  await answer()
  t.equal(await current(), 2)
  t.equal(fetches(), 2)
})

t.test('if the refresh fails, the old value stays in use, and the next attempt follows after a pause', async (t) => {
  const { cache: { current }, fetches, answer, advance } = fixture()
  const first = current()
  await answer()
  await first
  advance(55 * minute)
  await current()
  await answer(new Error('away'))
  t.equal(await current(), 1)
  t.equal(fetches(), 2)
  advance(4_999)
  await current()
  t.equal(fetches(), 2)
  advance(1)
  t.equal(await current(), 1)
  t.equal(fetches(), 3, 'the next attempt')
  await answer()
  t.equal(await current(), 3)
})

t.test('within the safety margin before its expiry, a value is no longer returned', async (t) => {
  const { cache: { current }, fetches, answer, advance } = fixture()
  const first = current()
  await answer()
  await first
  advance(59.5 * minute)
  const waiting = Promise.all(Array.from({ length: 100 }, current))
  t.equal(fetches(), 2)
  await answer()
  t.same(new Set(await waiting), new Set([2]))
})

t.test('a failure is returned to all callers, and again during the pause', async (t) => {
  const { cache: { current }, fetches, answer, advance } = fixture()
  const outcomes = Promise.allSettled(Array.from({ length: 100 }, current))
  await answer(new Error('away'))
  t.ok((await outcomes).every((outcome) => outcome.status === 'rejected' && (outcome.reason as Error).message === 'away'))
  await t.rejects(current(), { message: 'away' })
  advance(4_999)
  await t.rejects(current(), { message: 'away' })
  t.equal(fetches(), 1)
  advance(1)
  const next = current()
  await answer()
  t.equal(await next, 2)
})

t.test('a short-lived value is not refreshed on every call', async (t) => {
  const { cache: { current }, fetches, answer, advance } = fixture(4 * minute)
  const first = current()
  await answer()
  await first
  await current()
  advance(4_999)
  await current()
  t.equal(fetches(), 1)
  advance(1)
  t.equal(await current(), 1)
  t.equal(fetches(), 2)
  await answer()
})

t.test('a value without an expiry is cached until it is dropped, unless it is new', async (t) => {
  const { cache: { current, drop }, fetches, answer, advance } = fixture(Infinity)
  drop()
  const first = current()
  await answer()
  await first
  drop()
  advance(4_999)
  drop()
  t.equal(await current(), 1)
  advance(365 * 24 * 60 * minute)
  t.equal(await current(), 1)
  drop()
  const next = current()
  await answer()
  t.equal(await next, 2)
  t.equal(fetches(), 2)
})

t.test('setting the clock changes nothing for a cached value', async (t) => {
  for (const milliseconds of [-60 * minute, 120 * minute]) {
    const { cache: { current }, fetches, answer, advance, setClock } = fixture()
    const first = current()
    await answer()
    await first
    setClock(milliseconds)
    advance(55 * minute - 1)
    t.equal(await current(), 1)
    t.equal(fetches(), 1)
    advance(4.5 * minute + 1)
    const next = current()
    t.equal(fetches(), 2, 'it is replaced at the right time')
    setClock(0)
    await answer()
    t.equal(await next, 2)
  }
})

t.test('while the clock is wrong, not every call fetches a value', async (t) => {
  const { cache: { current, drop }, fetches, answer, advance, setClock } = fixture()
  setClock(120 * minute)
  const first = current()
  await answer()
  await first
  for (let second = 0; second < 59; second += 1) {
    advance(1_000)
    t.equal(await current(), 1)
  }
  t.equal(fetches(), 1, 'a value that seems to have expired is used for a minute')
  advance(1_000)
  const next = current()
  await answer()
  t.equal(await next, 2)
  setClock(0)
  advance(5_000)
  drop()
  const third = current()
  await answer()
  t.equal(await third, 3, 'a value that turned out to be invalid is dropped all the same')
  advance(54 * minute)
  t.equal(await current(), 3)
})

t.test('after a failure, only the caller that starts the next fetch waits for it', async (t) => {
  const { cache: { current }, fetches, answer, advance } = fixture()
  const error = new Error('down')
  const first = t.rejects(current(), error)
  await answer(error)
  await first
  advance(5_000)
  const probe = current()
  await t.rejects(current(), error, 'told at once')
  t.equal(fetches(), 2)
  await answer()
  t.equal(await probe, 2)
  t.equal(await current(), 2)
})
