import t, { type Test } from 'tap'
import { createFleetBuckets } from '#src/admission/fleet-buckets'
import { createLane, type Lane } from '#src/admission/lane'
import { createSharedBucket } from '#src/admission/shared-bucket'
import type { TokenBucket } from '#src/admission/token-bucket'
import { createWakeTimer } from '#src/admission/wake-timer'
import { createShared, type Shared } from '#src/shared/shared'
import { settingsFor, skip, startRedis, type TestRedis } from '#test/redis'
import { until } from '#test/until'

const monotonic = (): number => performance.now()
const quota = 50

interface Replica {
  readonly shared: Shared
  readonly bucket: TokenBucket
  readonly lane: Lane
}

/** Starts replicas that know about each other, and waits until the server gives out tokens. */
async function fleet (t: Test, redis: TestRedis, size: number): Promise<Replica[]> {
  const replicas = await Promise.all(Array.from({ length: size }, async () => {
    const shared = createShared({
      settings: () => settingsFor(redis), onUp: () => undefined, onDown: () => undefined, onCommand: () => undefined, onForeignMessage: () => undefined, monotonic
    })
    t.teardown(shared.close)
    await shared.firstAttempt
    const timer = createWakeTimer(monotonic)
    const bucket = createSharedBucket(createFleetBuckets(shared), 'account CreateSecret', () => quota, monotonic, timer.wakeAll)
    const lane = createLane(() => ({ slots: { foreground: 1_000, background: 1 }, queueLength: 10_000, queueTime: 60_000 }), () => bucket, monotonic, timer)
    return { shared, bucket, lane }
  }))
  await until(() => replicas.every(({ shared }) => shared.replicas() === size))
  await untilOpen(redis)
  return replicas
}

const untilOpen = async (redis: TestRedis): Promise<void> => until(async () => (await redis.command('EXISTS', '{test}:pace:closed')).includes(':0'), 20)

/**
 * Makes these replicas start as many calls as they can for some milliseconds. Returns the times at which each could start its
 * calls.
 */
async function demand (replicas: readonly Replica[], milliseconds: number): Promise<number[][]> {
  const stop = new AbortController()
  setTimeout(() => { stop.abort(new Error('enough')) }, milliseconds)
  return Promise.all(replicas.map(async ({ lane }) => {
    const times: number[] = []
    const work = { callerId: 'a', environment: 'dev', operation: 'CreateSecret', priority: 'foreground', signals: [stop.signal] } as const
    await Promise.all(Array.from({ length: 1_000 }, async () => lane.enter(work).then((leave) => {
      times.push(monotonic())
      leave()
    }, () => undefined)))
    return times
  }))
}

/** Returns the largest number of times within a second. */
function mostInSecond (times: readonly number[]): number {
  const sorted = [...times].sort((one, other) => one - other)
  return sorted.reduce((most, time, index) => Math.max(most, index - sorted.findIndex((other) => time - other < 1_000) + 1), 0)
}

t.test('the replicas stay below the quota together', { skip }, async (t) => {
  const redis = await startRedis(t)
  const replicas = await fleet(t, redis, 3)
  const [one] = replicas as [Replica]

  await t.test('all of them need the quota', async (t) => {
    const each = await demand(replicas, 3_000)
    const all = each.flat()
    t.ok(mostInSecond(all) <= quota, `${mostInSecond(all)} calls within a second`)
    t.ok(all.length >= 3 * quota * 0.4, `${all.length} calls in 3 seconds use the quota`)
    for (const { length } of each) t.ok(length >= all.length / 20, `${length} of ${all.length} calls: none is left out`)
  })
  await t.test('one of them needs the quota', async (t) => {
    const [times = []] = await demand([one], 2_000)
    t.ok(mostInSecond(times) <= quota)
    t.ok(times.length >= 2 * quota * 0.5, `${times.length} calls in 2 seconds: it may use all of it`)
  })
  await t.test('AWS throttles a call of one of them', async (t) => {
    one.lane.slowDown('CreateSecret')
    one.lane.slowDown('CreateSecret')
    await until(async () => (await redis.command('KEYS', '*')).includes('pace'))
    const times = (await demand(replicas, 1_500)).flat()
    t.ok(times.length <= 0.8 * 1.5 * quota, `${times.length} calls in 1.5 seconds: all of them slow down`)
  })
})

t.test('the server is stopped and started while all replicas need the quota', { skip }, async (t) => {
  const redis = await startRedis(t)
  const replicas = await fleet(t, redis, 3)
  const under = demand(replicas, 7_000)
  const at = async (milliseconds: number): Promise<unknown> => new Promise((resolve) => { setTimeout(resolve, milliseconds) })
  await at(1_000)
  redis.freeze()
  await at(1_000)
  redis.thaw()
  await at(1_000)
  await redis.stop()
  await at(1_000)
  await redis.start()
  const all = (await under).flat()
  t.ok(mostInSecond(all) <= quota, `${mostInSecond(all)} calls within a second`)
  t.ok(all.length >= 7 * quota * 0.3, `${all.length} calls in 7 seconds: they go on`)
  const sorted = all.toSorted((one, other) => one - other)
  const longest = Math.max(...sorted.slice(1).map((time, index) => time - (sorted[index] ?? time)))
  // A command to the hanging server fails after a second. The replica then waits for a tenth of a second before it uses its
  // share.
  t.ok(longest < 2_000, `${longest} ms without a call`)
})

t.test('implausible values in a stored state are clamped', { skip }, async (t) => {
  const redis = await startRedis(t)
  const shared = createShared({
    settings: () => settingsFor(redis), onUp: () => undefined, onDown: () => undefined, onCommand: () => undefined, onForeignMessage: () => undefined, monotonic
  })
  t.teardown(shared.close)
  await shared.firstAttempt
  const { lease, slowDown } = createFleetBuckets(shared)
  const [key, closed] = [shared.key('pace', shared.hidden('pace', 'bucket')), shared.key('pace', 'closed')]
  const request = { wanted: 100, interval: 20, burst: 2 }
  const leased = async (wanted = request.wanted): Promise<{ granted: number, next: number }> => {
    const answer = await lease('bucket', { ...request, wanted })
    if (!('granted' in answer)) throw new Error('closed')
    return answer
  }
  await redis.command('DEL', closed)
  /** Microseconds since the epoch. */
  const now = Date.now() * 1_000
  const hour = 3_600_000_000
  const states: Record<string, string[]> = {
    'the next token is in an hour': ['next', String(now + hour)],
    'the next token is never': ['next', 'inf'],
    'the next token is a word': ['next', 'canary'],
    'the next token is not a number': ['next', 'nan'],
    'it was slowed down in an hour': ['next', String(now), 'rate', '0.5', 'slowed', String(now + hour)],
    'a negative rate': ['rate', '-5', 'slowed', String(now)],
    'almost no rate': ['rate', '0.000000001', 'slowed', String(now)],
    'a rate that is not a number': ['rate', 'nan', 'slowed', 'nan'],
    'an infinite rate': ['rate', 'inf', 'slowed', '-inf'],
    'a rate that is a word': ['rate', 'canary', 'slowed', 'canary'],
    'a rate without a time': ['rate', '0.5']
  }
  for (const [state, fields] of Object.entries(states)) {
    await redis.command('DEL', key)
    await redis.command('HSET', key, ...fields)
    const { granted, next } = await leased()
    t.ok(granted >= 0 && granted <= request.burst, `${state}: ${granted} tokens`)
    t.ok(next >= 0 && next <= 1_000, `${state}: the next one in ${next} ms`)
  }
  await t.test('a bucket that was slowed down by a server whose clock was ahead recovers', async (t) => {
    await redis.command('HSET', key, 'next', '0', 'rate', '0.1', 'slowed', String(now + hour))
    t.equal((await leased(1)).granted, 1)
    const [, slowed = ''] = /(\d{16,})/.exec(await redis.command('HGET', key, 'slowed')) ?? []
    t.ok(Number(slowed) < now + hour / 2, slowed)
  })
  await t.test('and can be slowed down', async (t) => {
    await redis.command('HSET', key, 'next', String(now + hour), 'rate', '1', 'slowed', String(now + hour))
    t.equal(await slowDown('bucket'), 1)
    t.equal(await slowDown('bucket'), 0, 'calls that are throttled together count once')
    t.match(await redis.command('HGET', key, 'rate'), '0.5')
    const { granted, next } = await leased()
    t.ok(granted === 0 && next <= 1_000, `${granted} tokens, the next one in ${next} ms`)
  })
  await t.test('the time without tokens is bounded', async (t) => {
    await redis.command('SET', closed, '')
    t.match(await lease('bucket', request), { closedFor: 500 })
    await redis.command('SET', closed, '', 'PX', '1000000000')
    t.match(await lease('bucket', request), { closedFor: 4_000 })
  })
})

t.test('a replica asks again after a second, even if the server has named a longer time', async (t) => {
  let [time, asked] = [0, 0]
  const bucket = createSharedBucket({
    isUp: () => true,
    replicas: () => 2,
    async lease () {
      asked += 1
      return { granted: 0, next: 1e12 }
    },
    slowDown: async () => 0
  }, 'name', () => quota, () => time, () => undefined)
  bucket.wait()
  await new Promise((resolve) => { setImmediate(resolve) })
  t.equal(bucket.wait(), 1)
  time = 1_000
  bucket.wait()
  t.equal(asked, 2)
})

t.test('a lease that fails', async (t) => {
  const bucket = createSharedBucket({
    isUp: () => true, replicas: () => 2, lease: async () => Promise.reject(new Error('canary')), slowDown: async () => Promise.reject(new Error('canary'))
  }, 'name', () => quota, monotonic, () => undefined)
  t.ok(bucket.wait() > 0, 'it is asked for')
  await new Promise((resolve) => { setImmediate(resolve) })
  t.equal(bucket.wait(), 0, 'the replica uses its share')
  bucket.take()
  bucket.slowDown()
  t.ok(bucket.wait() > 0)
  t.equal(bucket.headroom(), 0)
})

t.test('the headroom depends on the tokens of the server', async (t) => {
  let time = 0
  const bucket = createSharedBucket({
    isUp: () => true, replicas: () => 2, lease: async () => ({ granted: 2, next: 20 }), slowDown: async () => 0
  }, 'name', () => quota, () => time, () => undefined)
  t.equal(bucket.headroom(), 1)
  bucket.wait(2)
  await new Promise((resolve) => { setImmediate(resolve) })
  t.equal(bucket.wait(2), 0)
  bucket.take()
  t.equal(bucket.headroom(), 0)
  time = 101
  t.ok(bucket.headroom() > 0)
  t.ok(bucket.wait(2) > 0, 'the second token is too old to be used')
})
