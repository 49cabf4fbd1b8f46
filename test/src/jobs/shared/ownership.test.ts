import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { caller } from '#src/authentication/caller'
import { monotonic as processClock } from '#src/clock'
import { runOwned, type OwnedJob } from '#src/jobs/shared/owned-job'
import { createJobStore } from '#src/jobs/shared/store'
import type { JobOrigin, JobStore } from '#src/jobs/shared/store-port'
import { Problem } from '#src/problems/problem'
import type { BulkControl, BulkSummary, Ownership } from '#src/secrets/bulk/run'
import type { Shared } from '#src/shared/shared'
import { skip, startRedis, type TestRedis } from '#test/redis'
import { connect, shareJobs } from '#test/src/jobs/forms'
import { held, quick, request, running, summary } from '#test/src/jobs/requests'
import { until } from '#test/until'

const key = Buffer.alloc(32, 'k')
const origin: JobOrigin = {
  caller: caller('api-key', 'c'), proof: { method: 'api-key', id: 'c' }, requestId: 'r', environment: 'dev', credentialId: 'local-dev'
}
const kept = { kept: 60_000, bytes: () => 1e6 }

interface Owner {
  redis: TestRedis
  shared: Shared
  store: JobStore
  id: string
  control: BulkControl
  ownership: Ownership
  end: () => void
  over: OwnedJob['over']
  /** Lets time pass for the owner, but not for the server. */
  pass: (milliseconds: number) => void
}

/** Starts a job, and runs it. The clock stands still. */
async function own (t: Test): Promise<Owner> {
  const redis = await startRedis(t)
  const shared = await connect(t, redis)
  const store = createJobStore(shared, { key, now: Date.now })
  const { owned, job: { id } } = await store.start(origin, quick(3).plan())
  if (owned === undefined) throw new Error('the job is not owned')
  let now = 0
  const { bulk, end, control } = held(3)
  const { over } = runOwned({
    store, owned, bulk, toReply: ({ name, result }) => ({ name, result }), isAtomic: false, limits: kept, monotonic: () => now
  })
  const given = await control
  if (given.ownership === undefined) throw new Error('there is no ownership')
  return { redis, shared, store, id, control: given, ownership: given.ownership, end, over, pass: (milliseconds) => { now += milliseconds } }
}

t.test('an owner that was silent for a lease renews it before it calls AWS', { skip }, async (t) => {
  const { control: { claim }, ownership: { isCertain, confirm }, end, over, pass, store } = await own(t)
  t.equal(isCertain(), false, 'nothing has been asked yet')
  t.equal(await claim?.(0), true)
  t.equal(isCertain(), true)
  pass(store.lease * 0.85)
  t.equal(isCertain(), true)
  pass(store.lease * 0.1)
  t.equal(isCertain(), false, 'the lease may end before a call has reached AWS')
  await Promise.all([confirm(), confirm()])
  t.equal(isCertain(), true, 'nobody has taken the job over')
  end()
  t.equal(await over, 'ended')
})

t.test('an unfinished job of an owner whose process ends is continued by another owner', { skip }, async (t) => {
  for (const isAtomic of [false, true]) {
    const store = createJobStore(await connect(t, await startRedis(t)), { key, now: Date.now })
    const run = Promise.withResolvers<BulkSummary>()
    const bulk = running(async () => run.promise)
    const { owned, job: { id } } = await store.start(origin, bulk.plan())
    if (owned === undefined) throw new Error('the job is not owned')
    const { over, shutDown } = runOwned({
      store, owned, bulk, toReply: ({ name, result }) => ({ name, result }), isAtomic, limits: kept, monotonic: processClock
    })
    shutDown()
    run.resolve(summary())
    t.equal(await over, isAtomic ? 'ended' : 'left', isAtomic ? 'an atomic job has been rolled back' : 'another one can go on')
    t.equal((await store.takeOver())?.id, isAtomic ? undefined : id)
  }
})

t.test('an owner that was paused after its claim makes no call if another owner has taken over', { skip }, async (t) => {
  const { redis, control: { claim, signal }, ownership: { isCertain, confirm }, end, over, pass, store, id } = await own(t)
  t.equal(await claim?.(0), true)
  pass(store.lease)
  await redis.command('ZADD', '{test}:jobs-leases', '0', id)
  t.match(await store.takeOver(), { id, token: 2 })
  t.equal(isCertain(), false)
  await t.rejects(confirm(), { code: 'shared-state-unavailable', options: { reason: 'job-lost' } })
  t.equal(isCertain(), false)
  t.equal(signal.reason, 'replica-lost')
  end()
  t.equal(await over, 'lost')
})

/** A store that refuses one kind of command, as a server does with an invalid command. */
const refusing = (store: JobStore, command: 'claim' | 'settle', times = Infinity): { store: JobStore, count: () => number } => {
  let count = 0
  const refuse = async (): Promise<never> => { throw new Problem('shared-state-unavailable', { reason: 'shared-state-refused' }) }
  return {
    count: () => count,
    store: { ...store, [command]: async (...args: never[]) => count++ < times ? refuse() : (store[command] as (...args: never[]) => unknown)(...args) }
  }
}

t.test('a job whose commands the server always refuses ends with an error', { skip }, async (t) => {
  const redis = await startRedis(t)
  const shared = await connect(t, redis)
  const real = createJobStore(shared, { key, now: Date.now, lease: 100 })
  for (const command of ['claim', 'settle'] as const) {
    const { store, count } = refusing(real, command)
    const { owned, job: { id } } = await real.start(origin, quick(1).plan())
    if (owned === undefined) throw new Error('the job is not owned')
    const bulk = running(async ({ claim, settled }) => {
      await claim?.(0)
      await quick(1).run({ settled } as BulkControl)
      return summary()
    })
    const { over } = runOwned({
      store, owned, bulk, toReply: ({ name, result }) => ({ name, result }), isAtomic: false, limits: kept, monotonic: processClock
    })
    await t.rejects(over, { code: 'shared-state-unavailable' }, command)
    t.ok(count() > 2, 'it has tried more than once')
    t.match(await real.read('c', id), { state: 'ended', problem: { code: 'shared-state-unavailable' } })
  }
  const { store } = refusing(real, 'claim', 2)
  const { owned } = await real.start(origin, quick(1).plan())
  if (owned === undefined) throw new Error('the job is not owned')
  const bulk = running(async ({ claim }) => {
    t.equal(await claim?.(0), true, 'a refusal may pass')
    return summary()
  })
  t.equal(await runOwned({
    store, owned, bulk, toReply: ({ name, result }) => ({ name, result }), isAtomic: false, limits: kept, monotonic: processClock
  }).over, 'ended')
})

t.test('a failed takeover does not count towards the limit on running jobs', { skip }, async (t) => {
  const redis = await startRedis(t)
  const shared = await connect(t, redis)
  const store = createJobStore(shared, { key, now: Date.now })
  const { owned } = await store.start(origin, quick(1).plan())
  const faults: unknown[] = []
  let attempts = 0
  const jobs = shareJobs(shared, { running: 1 }, {
    grace: 0,
    onFault: (fault) => { faults.push(fault) },
    continueJob: async () => {
      attempts += 1
      throw new Problem('shared-state-unavailable', attempts === 1 ? {} : { reason: 'shared-state-refused' })
    }
  })
  for (const expected of [1, 2]) {
    await redis.command('ZADD', '{test}:jobs-leases', '0', owned?.id ?? '')
    await until(() => attempts === expected)
    await wait(50)
    jobs.enter('c')()
  }
  t.equal(faults.length, 1, 'only a refusal is a fault')
})

t.test('the request for a job carries its fingerprint', { skip }, async (t) => {
  const redis = await startRedis(t)
  const jobs = shareJobs(await connect(t, redis))
  const { bulk, end } = held()
  const { id } = await jobs.start({ ...request(bulk, { idempotencyKey: 'k' }), fingerprint: 'one' })
  t.equal((await jobs.start({ ...request(quick(1), { idempotencyKey: 'k' }), fingerprint: 'one' })).id, id)
  await t.rejects(jobs.start({ ...request(quick(1), { idempotencyKey: 'k' }), fingerprint: 'two' }), { code: 'idempotency-mismatch' })
  end()
})
