import t, { type Test } from 'tap'
import { caller } from '#src/authentication/caller'
import { createJobStore } from '#src/jobs/shared/store'
import type { CountedResult, JobOrigin, JobStore, Owned } from '#src/jobs/shared/store-port'
import type { SecretName } from '#src/environments/names'
import { skip, startRedis, type TestRedis } from '#test/redis'
import { connect } from '#test/src/jobs/forms'
import { quick } from '#test/src/jobs/requests'

const origin: JobOrigin = {
  caller: caller('api-key', 'c'), proof: { method: 'api-key', id: 'c' }, requestId: 'r', environment: 'dev', credentialId: 'local-dev'
}

const result = (index: number): CountedResult => ({ item: { name: `n${index}` as SecretName, result: 'created' }, index, count: 'created' })

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)

interface Set {
  redis: TestRedis
  store: JobStore
  start: (total: number, change?: Partial<JobOrigin>) => Promise<Owned>
}

async function set (t: Test, now = Date.now): Promise<Set> {
  const redis = await startRedis(t)
  const store = createJobStore(await connect(t, redis), { key: Buffer.alloc(32, 'k'), now })
  return {
    redis,
    store,
    async start (total, change) {
      const { owned } = await store.start({ ...origin, ...change }, quick(total).plan())
      if (owned === undefined) throw new Error('another replica owns it')
      return owned
    }
  }
}

t.test('a plan and results of several parts are read whole', { skip }, async (t) => {
  const { store, start } = await set(t)
  const owned = await start(501)
  for (const from of [0, 200]) await store.settle(owned, numbers(from, Math.min(from + 200, 301)).map(result))
  await store.claim(owned, 400)
  const { plan, done, resumed } = await store.unfinished(owned)
  t.same(plan.items.map(({ name }) => name), numbers(0, 501).map((index) => `n${index}`))
  t.same([...done], numbers(0, 301))
  t.same([...resumed.begun], [400])
  const job = await store.read('c', owned.id)
  if (job === undefined) throw new Error('there is no job')
  for (const [from, most, to] of [[0, 250, 250], [0, 251, 251], [0, 900, 301], [50, 250, 300], [51, 250, 301], [300, 9, 301], [301, 9, 301], [0, 0, 0]] as const) {
    t.same((await store.results(job, from, most)).map(({ index }) => index), numbers(from, to), `${most} from ${from}`)
  }
})

t.test('a job that nobody continues is kept for a day', { skip }, async (t) => {
  const { redis, start } = await set(t)
  const { id } = await start(1)
  for (const part of ['', ':plan']) {
    const left = Number(/^:(\d+)/.exec(await redis.command('PTTL', `{test}:jobs:${id}${part}`))?.[1])
    t.ok(left > 86_400_000 - 60_000 && left <= 86_400_000, `${left} ms`)
  }
})

t.test('the stored state of a running job', { skip }, async (t) => {
  let now = 1_000_000
  const { store, start } = await set(t, () => now)
  const owned = await start(3)
  const { id } = owned
  t.match(await store.read('c', id), { state: 'running', total: 3, done: 0, createdAt: 1_000_000, revision: 0, secondsLeft: undefined })
  t.equal(await store.claim(owned, 0), 'owned')
  await store.settle(owned, [result(0)])
  now += 3_000
  t.match(await store.read('c', id), { done: 1, counts: { created: 1, failed: 0 }, revision: 1, secondsLeft: 6 })
  t.equal(await store.revision(id), 1)
  t.equal(await store.claim(owned, 0), 'done')
  t.equal(await store.renew(owned, 2), 'owned')
  t.equal(await store.renew(owned, 1), 'owned')
  t.match(await store.read('c', id), { done: 2, counts: { created: 1 }, revision: 2, secondsLeft: 2 })
  now = 0
  t.match(await store.read('c', id), { secondsLeft: 0 }, 'a clock that is behind')
  await store.cancel('c', id)
  t.equal(await store.claim(owned, 1), 'cancelled')
  t.equal(await store.renew(owned, 2), 'cancelled')
  t.equal(await store.takeOver(), undefined, 'its lease lasts')
  t.equal(await store.release(owned), 'owned')
  t.same(await store.takeOver(), { id, token: 2 })
  for (const answer of [store.claim(owned, 1), store.renew(owned, 3), store.settle(owned, [result(1)]), store.release(owned)]) t.equal(await answer, 'lost')
  t.equal(await store.revision('none'), undefined)
  t.match((await store.start(origin, quick(1).plan())).job, { state: 'running', done: 0, revision: 0 }, 'what is known of a job that has just been started')
})

t.test('a key that leads to the job of another request is refused', { skip }, async (t) => {
  const { redis, store, start } = await set(t)
  const one = { idempotencyKey: 'k', fingerprint: 'f' }
  const { id } = await start(1, one)
  for (const change of [{ ...one, idempotencyKey: 'l' }, { ...one, environment: 'prod' }]) {
    await start(1, change)
    for (const key of (await redis.command('KEYS', '*jobs-key*')).match(/\{test\}:jobs-key:\S+/g) ?? []) await redis.command('SET', key, id)
    await t.rejects(store.start({ ...origin, ...change }, quick(1).plan()), { code: 'idempotency-mismatch' })
  }
})
