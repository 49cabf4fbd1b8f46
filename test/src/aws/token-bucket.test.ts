import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createTokenBucket, type TokenBucket } from '#src/aws/token-bucket'

/** A bucket and a clock that goes on when told to, in seconds. */
function clocked (t: Test, quota: number): { bucket: TokenBucket, passes: (seconds: number) => Promise<void>, now: () => number } {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  let now = 0
  return {
    bucket: createTokenBucket(() => quota, () => now),
    now: () => now,
    async passes (seconds) {
      now += seconds
      mock.timers.tick(seconds * 1000)
      await setImmediate()
    }
  }
}

for (const [what, step] of [['timers are punctual', 0.001], ['timers come late', 0.015], ['the process stands still now and then', 0.3]] as const) {
  t.test(`never gives more turns in a second than the quota: ${what}`, async (t) => {
    const { bucket, passes, now } = clocked(t, 100)
    const times: number[] = []
    for (let count = 0; count < 500; count++) void bucket.take(false).then(() => { times.push(now()) })
    await passes(0)
    for (let count = 1; times.length < 250; count++) await passes(count % 10 === 0 ? step : Math.min(step, 0.015))
    for (const [index, time] of times.entries()) {
      const later = times[index + 100]
      if (later !== undefined && later - time < 1 - 1e-9) t.fail(`101 turns in a second, from turn ${index} on`)
    }
    t.ok(now() > (250 - 4) / 94 - 0.001, 'the rate, and the burst')
    if (step < 0.02) t.ok(now() < (250 - 4) / 94 + 0.05, 'and nearly as many')
  })
}

t.test('lets the foreground go first, and the background not stand still', async (t) => {
  const bucket = createTokenBucket(() => 500)
  const order: string[] = []
  const wait = async (who: string, background: boolean): Promise<void> => {
    await bucket.take(background)
    order.push(who)
  }
  const waiting = Array.from({ length: 60 }, async () => wait('b', true))
  waiting.push(...Array.from({ length: 12 }, async () => wait('f', false)))
  await Promise.all(waiting)
  const after = order.slice(20).join('')
  t.match(after, /^(?=.{16})f*(bf{3}){3,4}/, 'of four turns one is the background\'s')
  t.equal(order.length, 72)
})

t.test('after throttling pauses, goes on at half the rate, and comes back by and by', async (t) => {
  const { bucket, passes } = clocked(t, 50)
  let taken = 0
  for (let count = 0; count < 2000; count++) void bucket.take(true).then(() => { taken += 1 })
  /** How many turns there are in so many seconds. */
  const within = async (seconds: number): Promise<number> => {
    const before = taken
    for (let elapsed = 0; elapsed < seconds * 1000; elapsed += 10) {
      await passes(0.01)
    }
    return taken - before
  }
  t.ok(Math.abs(await within(5) - 5 * 47) <= 3)
  bucket.slowDown()
  bucket.slowDown()
  t.equal(await within(0.45), 0, 'those that were under way together count once')
  t.ok(Math.abs(await within(1) - 26) <= 3, 'half of it, and what has come back')
  t.ok(Math.abs(await within(20) - (20 * 47 - 9 * 11)) <= 30)
  t.ok(Math.abs(await within(2) - 2 * 47) <= 3, 'the whole of it again')
  for (let times = 0; times < 20; times++) {
    bucket.slowDown()
    await within(0.5)
  }
  t.ok(await within(1) >= 4, 'a tenth at least')
})
