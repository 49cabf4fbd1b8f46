import t, { type Test } from 'tap'
import type { Limit } from '#src/config/limits'
import { ownWindows } from '#src/http/own-windows'
import type { Counted, RequestCounter } from '#src/http/request-counter'
import { sharedWindows } from '#src/http/shared-windows'
import { createWindowSync } from '#src/http/window-sync'
import { createShared, type Shared } from '#src/shared/shared'
import { settingsFor, skip, startRedis, type TestRedis } from '#test/redis'
import { until } from '#test/until'

const monotonic = (): number => performance.now()

/** A limit whose window outlasts the test, so that nothing depends on the speed of the machine. */
const limitOf = (requests: number): Limit => ({ requests, window: 3_600_000 })

async function connect (t: Test, redis: TestRedis, timeout = 1_000): Promise<Shared> {
  const shared = createShared({
    settings: () => settingsFor(redis, { timeout }), onUp: () => undefined, onDown: () => undefined, onCommand: () => undefined, onForeignMessage: () => undefined, monotonic
  })
  t.teardown(shared.close)
  await shared.firstAttempt
  return shared
}

const counterOf = (shared: Shared): RequestCounter => sharedWindows(shared, createWindowSync(shared), monotonic, 'test')

/** Starts replicas that know about each other. */
async function fleet (t: Test, redis: TestRedis, size: number, timeout?: number): Promise<Shared[]> {
  const replicas = await Promise.all(Array.from({ length: size }, async () => connect(t, redis, timeout)))
  await until(() => replicas.every((shared) => shared.replicas() === size))
  return replicas
}

/** Counts requests one after the other, or all at once. Returns how many were allowed. */
async function allowed (count: RequestCounter, key: string, limit: Limit, requests: number, how: 'in turn' | 'at once'): Promise<number> {
  const all: (Counted | Promise<Counted>)[] = []
  for (let index = 0; index < requests; index += 1) {
    const counted = count(key, limit)
    all.push(how === 'in turn' ? await counted : counted)
  }
  const counts = await Promise.all(all.map(async (counted) => counted))
  return counts.filter(({ isAllowed }) => isAllowed).length
}

const forms: Record<string, (t: Test) => Promise<RequestCounter>> = {
  'one process': async () => ownWindows(monotonic),
  'several replicas': async (t) => counterOf(await connect(t, await startRedis(t)))
}

for (const [form, create] of Object.entries(forms)) {
  t.test(form, { skip: form === 'several replicas' && skip }, async (t) => {
    const count = await create(t)
    t.test('the limit is the number of allowed requests', async (t) => {
      const limit = limitOf(3)
      const counts: Counted[] = []
      for (let index = 0; index < 5; index += 1) counts.push(await count('a', limit))
      t.same(counts.map(({ isAllowed, remaining, requests }) => [isAllowed, remaining, requests]),
        [[true, 2, 3], [true, 1, 3], [true, 0, 3], [false, 0, 3], [false, 0, 3]])
      t.ok(counts.every(({ left }) => left > 3_590_000 && left <= 3_600_000), 'the time until the window ends')
      t.match(await count('b', limit), { isAllowed: true, remaining: 2 }, 'another key has a window of its own')
    })
    for (const how of ['in turn', 'at once'] as const) {
      for (const requests of [1, 7, 100, 5_000]) {
        t.equal(await allowed(count, `${how} ${requests}`, limitOf(requests), requests + 50, how), requests, `${requests} ${how}`)
      }
    }
    t.test('a window ends', async (t) => {
      const limit = { requests: 2, window: 300 }
      t.equal(await allowed(count, 'short', limit, 5, 'in turn'), 2)
      const { left } = await count('short', limit)
      t.ok(left > 0 && left <= 300, `${left}`)
      await new Promise((resolve) => { setTimeout(resolve, left + 50) })
      t.equal(await allowed(count, 'short', limit, 5, 'in turn'), 2)
    })
    t.test('a changed limit applies at once, and earlier requests still count', async (t) => {
      t.equal(await allowed(count, 'changed', limitOf(10), 4, 'in turn'), 4)
      t.equal((await count('changed', limitOf(3))).isAllowed, false)
      t.ok(await allowed(count, 'changed', limitOf(8), 10, 'in turn') >= 3)
    })
  })
}

t.test('several replicas have one limit', { skip }, async (t) => {
  const redis = await startRedis(t)
  const counters = (await fleet(t, redis, 3)).map(counterOf)
  const [one, other] = counters as [RequestCounter, RequestCounter]

  for (const requests of [6, 30, 300, 3_000]) {
    const most = requests + Math.max(2, Math.ceil(requests * 0.1))
    const limit = limitOf(requests)
    const inTurn: number[] = []
    for (let index = 0; index < requests * 2; index += 1) {
      const counted = await counters[index % 3]?.(`turns ${requests}`, limit)
      inTurn.push(Number(counted?.isAllowed))
    }
    const sum = inTurn.filter((one) => one === 1).length
    t.ok(sum >= requests && sum <= most, `${sum} of ${requests}, in turn`)
    const atOnce = await Promise.all(counters.map(async (count) => allowed(count, `at once ${requests}`, limit, requests, 'at once')))
    const all = atOnce[0]! + atOnce[1]! + atOnce[2]! // eslint-disable-line @typescript-eslint/no-non-null-assertion -- there are three
    t.ok(all >= requests && all <= most, `${all} of ${requests}, at once: ${atOnce.join(' ')}`)
  }

  t.test('a replica that gets all requests gets the whole limit', async (t) => {
    t.equal(await allowed(one, 'alone', limitOf(500), 600, 'at once'), 500)
    const late = await allowed(other, 'alone', limitOf(500), 600, 'in turn')
    t.ok(late <= Math.ceil(500 * 0.1 / 3), `the others allow few before they know: ${late}`)
  })
  t.test('no request waits while its key is far from the limit', async (t) => {
    t.notOk(one('far', limitOf(100_000)) instanceof Promise)
    for (let index = 0; index < 1_000; index += 1) {
      if (one('far', limitOf(100_000)) instanceof Promise) t.fail(`request ${index} waits`)
    }
  })
  t.test('the server learns no key', async (t) => {
    await one('canary-key', limitOf(5))
    await until(async () => (await redis.command('KEYS', '*')).includes('limit:test'))
    t.notMatch(await redis.command('KEYS', '*'), 'canary')
  })
})

t.test('without the server, each replica allows its share', { skip }, async (t) => {
  const redis = await startRedis(t)
  const replicas = await fleet(t, redis, 3, 100)
  const counters = replicas.map(counterOf)
  const [one] = counters as [RequestCounter]
  t.equal(await allowed(one, 'before', limitOf(30), 30, 'in turn'), 30)

  await t.test('the server hangs', async (t) => {
    redis.freeze()
    const start = performance.now()
    const each = await Promise.all(counters.map(async (count) => allowed(count, 'hangs', limitOf(30), 40, 'at once')))
    t.ok(performance.now() - start < 1_000, 'a request waits no longer than the time limit of a command')
    t.same(each, [10, 10, 10])
    t.match(await one('hangs', limitOf(30)), { isAllowed: false, requests: 10, remaining: 0 })
    t.match(await one('another', limitOf(30)), { isAllowed: true, requests: 10, remaining: 9 })
    t.match(await one('before', limitOf(30)), { isAllowed: false }, 'what was used up stays used up')
    t.match(await one('small', limitOf(2)), { isAllowed: true, requests: 1 }, 'each allows one at least')
    redis.thaw()
    await until(() => replicas.every(({ isUp }) => isUp()))
  })
  await t.test('the server is gone', async (t) => {
    await redis.stop()
    await until(() => replicas.every(({ isUp }) => !isUp()))
    const each = await Promise.all(counters.map(async (count) => allowed(count, 'gone', limitOf(30), 40, 'in turn')))
    t.same(each, [10, 10, 10])
  })
  await t.test('the server is back', async (t) => {
    await redis.start()
    await until(() => replicas.every(({ isUp }) => isUp()))
    t.equal(await allowed(one, 'back', limitOf(30), 40, 'in turn'), 30)
  })
})
