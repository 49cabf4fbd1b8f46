import t from 'tap'
import { refreshingCache, type RefreshingCache } from '#src/credentials/refreshing-cache'

const minute = 60_000

interface World {
  kept: RefreshingCache<number>
  /** How often the source was asked. */
  asked: () => number
  move: (milliseconds: number) => void
  /** Ends the call of the source that is under way. */
  answer: (outcome?: Error) => Promise<void>
}

/** A source whose values are 1, 2, 3 … and last an hour each, or forever. */
function world (lasts = 60 * minute): World {
  let now = 0
  let asked = 0
  let waiting: PromiseWithResolvers<number> | undefined
  return {
    kept: refreshingCache({
      async get () {
        asked += 1
        waiting = Promise.withResolvers()
        return waiting.promise
      },
      endOf: () => lasts === Infinity ? undefined : new Date(now + lasts),
      now: () => now
    }),
    asked: () => asked,
    move: (milliseconds) => { now += milliseconds },
    async answer (outcome) {
      if (outcome === undefined) waiting?.resolve(asked)
      else waiting?.reject(outcome)
      await new Promise(setImmediate)
    }
  }
}

t.test('it is got once, however many wait for it, and kept', async (t) => {
  const { kept: { current }, asked, answer, move } = world()
  const all = Promise.all(Array.from({ length: 100 }, current))
  await answer()
  t.same(new Set(await all), new Set([1]))
  move(55 * minute - 1)
  t.equal(await current(), 1)
  t.equal(asked(), 1)
})

t.test('shortly before its end it is replaced, once, while the old one serves', async (t) => {
  const { kept: { current }, asked, answer, move } = world()
  const first = current()
  await answer()
  await first
  move(55 * minute)
  t.same(new Set(await Promise.all(Array.from({ length: 100 }, current))), new Set([1]), 'nobody waits')
  t.equal(asked(), 2)
  await answer()
  t.equal(await current(), 2)
  t.equal(asked(), 2)
})

t.test('where that fails, the old one serves on, and the source is left alone for a moment', async (t) => {
  const { kept: { current }, asked, answer, move } = world()
  const first = current()
  await answer()
  await first
  move(55 * minute)
  await current()
  await answer(new Error('away'))
  t.equal(await current(), 1)
  t.equal(asked(), 2)
  move(4_999)
  await current()
  t.equal(asked(), 2)
  move(1)
  t.equal(await current(), 1)
  t.equal(asked(), 3, 'then it is tried again')
  await answer()
  t.equal(await current(), 3)
})

t.test('so shortly before its end that it could end in use, it no longer serves', async (t) => {
  const { kept: { current }, asked, answer, move } = world()
  const first = current()
  await answer()
  await first
  move(59.5 * minute)
  const waiting = Promise.all(Array.from({ length: 100 }, current))
  t.equal(asked(), 2)
  await answer()
  t.same(new Set(await waiting), new Set([2]))
})

t.test('a failure is told to all who wait, and again without another try for a moment', async (t) => {
  const { kept: { current }, asked, answer, move } = world()
  const outcomes = Promise.allSettled(Array.from({ length: 100 }, current))
  await answer(new Error('away'))
  t.ok((await outcomes).every((outcome) => outcome.status === 'rejected' && (outcome.reason as Error).message === 'away'))
  await t.rejects(current(), { message: 'away' })
  move(4_999)
  await t.rejects(current(), { message: 'away' })
  t.equal(asked(), 1)
  move(1)
  const next = current()
  await answer()
  t.equal(await next, 2)
})

t.test('one that ends at once is not asked for all the time while it serves', async (t) => {
  const { kept: { current }, asked, answer, move } = world(4 * minute)
  const first = current()
  await answer()
  await first
  await current()
  move(4_999)
  await current()
  t.equal(asked(), 1)
  move(1)
  t.equal(await current(), 1)
  t.equal(asked(), 2)
  await answer()
})

t.test('one without an end is kept until it is dropped, but not while it is new', async (t) => {
  const { kept: { current, drop }, asked, answer, move } = world(Infinity)
  drop()
  const first = current()
  await answer()
  await first
  drop()
  move(4_999)
  drop()
  t.equal(await current(), 1)
  move(365 * 24 * 60 * minute)
  t.equal(await current(), 1)
  drop()
  const next = current()
  await answer()
  t.equal(await next, 2)
  t.equal(asked(), 2)
})
