import t, { type Test } from 'tap'
import type { Jobs } from '#src/jobs/port'
import { jobReply } from '#src/jobs/schemas'
import type { SharedJobsOptions } from '#src/jobs/shared/shared-jobs'
import { createJobStore } from '#src/jobs/shared/store'
import type { UnfinishedJob } from '#src/jobs/shared/store-port'
import { errorCode, Problem } from '#src/problems/problem'
import type { BulkControl, BulkRun } from '#src/secrets/bulk/run'
import type { Shared } from '#src/shared/shared'
import { skip, startRedis, type TestRedis } from '#test/redis'
import { connect, shareJobs } from '#test/src/jobs/forms'
import { outcome, quick, request, running, summary } from '#test/src/jobs/requests'
import { until } from '#test/until'

/**
 * A run that processes one item after another, as long as it may claim them. It processes the items before `from` at once, and
 * the others after `proceed` is called.
 */
function stepwise (total: number, from: number): { bulk: BulkRun, proceed: () => void, claimed: number[] } {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const claimed: number[] = []
  const run = async ({ claim, settled, signal }: BulkControl): Promise<ReturnType<typeof summary>> => {
    for (let index = 0; index < total; index++) {
      if (index === from) await promise
      if (await claim?.(index) === false) continue
      claimed.push(index)
      settled(outcome(signal.aborted ? 'not-started' : 'created'), index)
    }
    return summary()
  }
  return { bulk: { ...quick(total), run }, proceed: () => { resolve(undefined) }, claimed }
}

/** Ends the lease of a job's owner, as if it had expired. */
const endLease = async (redis: TestRedis, shared: Shared, id: string): Promise<unknown> => redis.command('ZADD', `${shared.key('jobs')}-leases`, '0', id)

/** Waits until another replica has taken a job from its owner, which keeps renewing its lease. */
const taken = async (redis: TestRedis, shared: Shared, id: string): Promise<void> => until(async () => {
  if (!(await redis.command('HGET', `${shared.key('jobs')}:${id}`, 'token')).includes('\n1\r')) return true
  await endLease(redis, shared, id)
  return false
})

const problemBody = ({ code }: Problem): Record<string, unknown> => ({ code })

/** Starts a server, and connects two replicas to it. */
async function set (t: Test): Promise<{ redis: TestRedis, one: Shared, other: Shared }> {
  const redis = await startRedis(t)
  return { redis, one: await connect(t, redis), other: await connect(t, redis) }
}

const ended = async (jobs: Jobs, id: string): Promise<Awaited<ReturnType<typeof jobReply>>> => {
  await until(async () => (await jobs.find('c', id)).state === 'ended')
  return jobReply(jobs, await jobs.find('c', id), problemBody)
}

t.test('the stored parts of a job contain no value', { skip }, async (t) => {
  const { redis, one, other } = await set(t)
  const events: string[] = []
  let unfinished: UnfinishedJob | undefined
  const { bulk, proceed, claimed } = stepwise(5, 2)
  const rest = stepwise(5, 0)
  rest.proceed()
  const options: Partial<SharedJobsOptions> = {
    grace: 0,
    onHandover: (event) => { events.push(event) },
    continueJob: async (_id, found) => {
      unfinished = found
      return { bulk: rest.bulk, toReply: ({ name, result }) => ({ name, result }) }
    }
  }
  const first = shareJobs(one, {}, { onHandover: options.onHandover ?? (() => undefined) })
  const second = shareJobs(other, {}, options)
  const { id } = await first.start({ ...request(bulk, { idempotencyKey: 'k' }), peer: '192.0.2.1' })
  await until(async () => (await first.find('c', id)).done === 2)
  await taken(redis, one, id)
  const body = await ended(second, id)
  t.same(rest.claimed, [2, 3, 4], 'only what was left')
  t.match(unfinished, {
    origin: { caller: { id: 'c', method: 'api-key' }, requestId: 'r', peer: '192.0.2.1', environment: 'dev', credentialId: 'local-dev', idempotencyKey: 'k' },
    plan: { options: { onConflict: 'fail' }, items: Array.from({ length: 5 }, (_, index) => ({ name: `n${index}` })) },
    resumed: { counts: { created: 2 } },
    done: new Set([0, 1])
  })
  t.equal(body.result?.items.length, 5)
  proceed()
  await until(() => events.length === 2)
  t.same(events, ['taken-over', 'lost'])
  t.same(claimed, [0, 1], 'the old owner may begin nothing more')
  t.same((await jobReply(first, await first.find('c', id), problemBody)).counts, body.counts)
})

t.test('a job that this replica may not continue ends with a problem', { skip }, async (t) => {
  const { redis, one, other } = await set(t)
  const faults: string[] = []
  shareJobs(other, {}, { grace: 0, onFault: (fault) => { faults.push(errorCode(fault)) } })
  const first = shareJobs(one)
  const { id } = await first.start(request(stepwise(3, 1).bulk))
  await until(async () => (await first.find('c', id)).done === 1)
  await taken(redis, one, id)
  t.match(await ended(first, id), { problem: { code: 'forbidden' }, counts: { created: 1 } })
  t.equal(faults.length, 1)
})

t.test('a replica without room leaves a job to another replica', { skip }, async (t) => {
  const { redis, one, other } = await set(t)
  const first = shareJobs(one)
  const full = shareJobs(other, { running: 0 }, { grace: 0 })
  const { id } = await first.start(request(stepwise(3, 1).bulk))
  await taken(redis, one, id)
  await full.stop()
  shareJobs(other, {}, { grace: 0 })
  t.match(await ended(first, id), { problem: { code: 'forbidden' } })
})

t.test('a replica that can\'t write its audit trail leaves a job to another replica', { skip }, async (t) => {
  const { redis, one, other } = await set(t)
  const first = shareJobs(one)
  const faults: unknown[] = []
  let attempts = 0
  const unwritable = shareJobs(other, { running: 1 }, {
    grace: 0,
    continueJob: async () => {
      attempts += 1
      throw new Problem('audit-unavailable')
    },
    onFault: (fault) => { faults.push(fault) }
  })
  const { id } = await first.start(request(stepwise(3, 1).bulk))
  await taken(redis, one, id)
  await until(() => attempts >= 2)
  t.equal((await first.find('c', id)).state, 'running', 'it has not ended')
  await unwritable.stop()
  shareJobs(other, {}, { grace: 0 })
  t.match(await ended(first, id), { problem: { code: 'forbidden' } })
  t.same(faults, [])
})

t.test('a job that the fleet\'s key can\'t decrypt is not continued', { skip }, async (t) => {
  const { redis, one, other } = await set(t)
  const faults: unknown[] = []
  const first = shareJobs(one)
  shareJobs(other, {}, { grace: 0, store: createJobStore(other, { key: Buffer.alloc(32, 'x'), now: Date.now }), onFault: (fault) => { faults.push(fault) } })
  const { id } = await first.start(request(stepwise(3, 1).bulk))
  await taken(redis, one, id)
  await until(() => faults.length > 0)
  t.match(faults[0], { message: /not written with the key/ })
})

t.test('a repeated request brings the values of a job whose owner is silent', { skip }, async (t) => {
  const { redis, one, other } = await set(t)
  const [first, second] = [shareJobs(one), shareJobs(other)]
  const { bulk } = stepwise(4, 2)
  const { id } = await first.start(request(bulk, { idempotencyKey: 'k' }))
  await until(async () => (await first.find('c', id)).done === 2)
  const repeated = stepwise(4, 0)
  repeated.proceed()
  t.equal((await second.start(request(repeated.bulk, { idempotencyKey: 'k' }))).id, id)
  t.same(repeated.claimed, [], 'while its lease lasts, the owner goes on')
  await until(async () => {
    await endLease(redis, one, id)
    t.equal((await second.start(request(repeated.bulk, { idempotencyKey: 'k' }))).id, id)
    return repeated.claimed.length > 0
  }, 50)
  t.match(await ended(second, id), { counts: { created: 4 } })
  t.same(repeated.claimed, [2, 3])
})

t.test('an atomic job ends with its process, because it is rolled back', { skip }, async (t) => {
  const { one } = await set(t)
  const jobs = shareJobs(one)
  const { options, items } = quick(1).plan()
  let reason: unknown
  const bulk = running(async ({ signal, progress, settled }) => new Promise((resolve) => {
    progress(1)
    signal.addEventListener('abort', () => {
      reason = signal.reason
      settled(outcome('rolled-back'), 0)
      resolve(summary(409))
    })
  }))
  const { id } = await jobs.start(request({ ...bulk, plan: () => ({ options: { ...options, atomic: true }, items }) }))
  await until(async () => (await jobs.find('c', id)).done === 1)
  await jobs.stop()
  t.equal(reason, 'shutdown')
  t.match(await jobs.find('c', id), { state: 'ended', counts: { rolledBack: 1 }, summary: { status: 409 } })
})

t.test('if the server loses its data, the jobs are lost', { skip }, async (t) => {
  const { redis, one } = await set(t)
  const events: string[] = []
  const jobs = shareJobs(one, {}, { onHandover: (event) => { events.push(event) } })
  const { bulk, proceed, claimed } = stepwise(3, 1)
  const job = await jobs.start(request(bulk))
  await until(async () => (await jobs.find('c', job.id)).done === 1)
  await redis.command('FLUSHALL')
  t.equal(await jobs.changed(job, 1_000), undefined)
  proceed()
  await until(() => events.length === 1)
  t.same(events, ['lost'])
  t.same(claimed, [0])
  t.equal(await jobs.results(job, 0, 1), undefined)
  await t.rejects(jobs.find('c', job.id), { code: 'not-found' })
})

t.test('without the server, nothing is begun, and a job can be neither started nor found', { skip }, async (t) => {
  const { redis, one } = await set(t)
  const jobs = shareJobs(one)
  const { bulk, proceed, claimed } = stepwise(3, 1)
  const { id } = await jobs.start(request(bulk))
  await until(async () => (await jobs.find('c', id)).done === 1)
  redis.freeze()
  proceed()
  await until(async () => jobs.find('c', id).then(() => false, (error: unknown) => error instanceof Problem))
  await t.rejects(jobs.start(request(quick(1))), { code: 'shared-state-unavailable' })
  t.same(claimed, [0])
  redis.thaw()
  await until(() => one.isUp())
  t.match(await ended(jobs, id), { counts: { created: 3 } })
  t.same(claimed, [0, 1, 2])
})
