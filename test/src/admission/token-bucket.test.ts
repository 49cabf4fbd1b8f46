import t from 'tap'
import { createTokenBucket, unlimited } from '#src/admission/token-bucket'

/** Creates a bucket and a clock. `within` moves the clock forward in steps, takes all available tokens, and counts them. */
function clocked (quota: number) {
  let now = 0
  const bucket = createTokenBucket(() => quota, () => now)
  const takeAll = (): number => {
    let taken = 0
    for (; bucket.wait() === 0; taken++) bucket.take()
    return taken
  }
  return {
    bucket,
    takeAll,
    within: (milliseconds: number, step: number): number => {
      let taken = 0
      for (let elapsed = 0; elapsed < milliseconds; elapsed += step) {
        now += step
        taken += takeAll()
      }
      return taken
    }
  }
}

for (const step of [1, 15, 300]) {
  t.test(`never grants more tokens in a second than the quota, even if it is polled only every ${step} ms`, async (t) => {
    const { within, takeAll } = clocked(100)
    takeAll()
    for (let second = 0; second < 5; second++) t.ok(within(1_000, step) <= 100)
  })
}

t.test('grants a burst at first, and then its rate', async (t) => {
  const { bucket, within, takeAll } = clocked(100)
  t.equal(takeAll(), 4)
  t.ok(Math.abs(bucket.wait() - 1 / 94) < 1e-9, 'the wait is in seconds')
  t.equal(Math.round(within(10_000, 1) / 10), 94)
  t.equal(clocked(10).takeAll(), 2, 'at least two tokens')
})

t.test('after throttling, pauses, continues at half the rate, and recovers gradually', async (t) => {
  const { bucket, within, takeAll } = clocked(50)
  takeAll()
  t.ok(Math.abs(within(5_000, 10) - 5 * 47) <= 3)
  bucket.slowDown()
  bucket.slowDown()
  t.equal(within(450, 10), 0, 'calls that are throttled together count once')
  t.ok(Math.abs(within(1_000, 10) - 26) <= 3, 'half of the rate, plus what it has recovered since')
  t.ok(Math.abs(within(20_000, 10) - (20 * 47 - 9 * 11)) <= 30)
  t.ok(Math.abs(within(2_000, 10) - 2 * 47) <= 3, 'the full rate again')
  for (let times = 0; times < 20; times++) {
    bucket.slowDown()
    within(500, 10)
  }
  t.ok(within(1_000, 10) >= 4, 'at least a tenth of the rate')
})

t.test('the headroom is the fraction of the bucket that is full', async (t) => {
  const { bucket, within } = clocked(100)
  t.equal(bucket.headroom(), 1)
  bucket.take()
  t.equal(bucket.headroom(), 0.75)
  within(1_000, 10)
  t.ok(bucket.headroom() < 0.25)
  bucket.slowDown()
  t.equal(bucket.headroom(), 0)
})

t.test('without a quota, there is always a token', async (t) => {
  unlimited.take()
  unlimited.slowDown()
  t.equal(unlimited.wait(), 0)
  t.equal(unlimited.headroom(), 1)
})
