import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createTokenBucket, type TokenBucket } from '#src/aws/token-bucket'

/** Creates a bucket, and a clock in seconds that moves only on demand. */
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

for (const [what, step] of [['timers are punctual', 0.001], ['timers are late', 0.015], ['the process sometimes hangs', 0.3]] as const) {
  t.test(`never grants more tokens in a second than the quota, even if ${what}`, async (t) => {
    const { bucket, passes, now } = clocked(t, 100)
    const times: number[] = []
    for (let count = 0; count < 500; count++) void bucket.take(false).then(() => { times.push(now()) })
    await passes(0)
    for (let count = 1; times.length < 250; count++) await passes(count % 10 === 0 ? step : Math.min(step, 0.015))
    for (const [index, time] of times.entries()) {
      const later = times[index + 100]
      if (later !== undefined && later - time < 1 - 1e-9) t.fail(`101 tokens in a second, from token ${index} on`)
    }
    t.ok(now() > (250 - 4) / 94 - 0.001, 'not faster than the rate and the burst allow')
    if (step < 0.02) t.ok(now() < (250 - 4) / 94 + 0.05, 'hardly slower')
  })
}

t.test('prefers the foreground, but does not starve the background', async (t) => {
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
  t.match(after, /^(?=.{16})f*(bf{3}){3,4}/, 'the background gets every fourth token')
  t.equal(order.length, 72)
})

t.test('after throttling, pauses, continues at half the rate, and recovers gradually', async (t) => {
  const { bucket, passes } = clocked(t, 50)
  let taken = 0
  for (let count = 0; count < 2000; count++) void bucket.take(true).then(() => { taken += 1 })
  /** Moves the clock by some seconds, and returns the number of tokens that are granted meanwhile. */
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
  t.equal(await within(0.45), 0, 'calls that are throttled together count once')
  t.ok(Math.abs(await within(1) - 26) <= 3, 'half of the rate, plus what it has recovered since')
  t.ok(Math.abs(await within(20) - (20 * 47 - 9 * 11)) <= 30)
  t.ok(Math.abs(await within(2) - 2 * 47) <= 3, 'the full rate again')
  for (let times = 0; times < 20; times++) {
    bucket.slowDown()
    await within(0.5)
  }
  t.ok(await within(1) >= 4, 'at least a tenth of the rate')
})
