import t from 'tap'
import { monotonic } from '#src/clock'
import type { SecretName } from '#src/environments/names'
import { jobEvents } from '#src/jobs/events'
import type { Job } from '#src/jobs/job'
import { createJobs } from '#src/jobs/jobs'
import { jobReply } from '#src/jobs/schemas'
import { Problem } from '#src/problems/problem'
import type { BulkRun } from '#src/secrets/bulk/run'
import { bulkResults } from '#src/secrets/bulk/schemas'
import { zeroCounts } from '#src/secrets/counts'
import type { Scope } from '#src/secrets/scope'

const scope = { callerId: 'c', environment: { name: 'dev' } } as unknown as Scope

const quick = (total: number): BulkRun =>
  ({ total, dryRun: false, run: async () => ({ dryRun: false, counts: zeroCounts(bulkResults), status: 200 }) })

const endless: BulkRun = { ...quick(1), run: async () => new Promise(() => undefined) }

t.test('if the jobs have too many items, the one that ended first is forgotten', async (t) => {
  let now = 0
  const jobs = createJobs(Date.now, () => now, { running: 1, runningOfOne: 1, items: 100, kept: 1_000 })
  const started: Job[] = []
  for (const total of [60, 40, 30]) {
    now += 1
    await new Promise((ended) => { started.push(jobs.start(scope, quick(total), () => ({ name: 'n', result: 'created' }), ended)) })
  }
  const kept = (id: string): boolean => { try { return jobs.find('c', id).id === id } catch { return false } }
  t.same(started.map(({ id }) => kept(id)), [false, true, true])
})

t.test('an ended job is kept for exactly the configured time', async (t) => {
  let now = 0
  const jobs = createJobs(() => now, () => now, { running: 1, runningOfOne: 1, items: 100, kept: 1_000 })
  const job = await new Promise<Job>((resolve) => {
    const started = jobs.start(scope, quick(1), () => ({ name: 'n', result: 'created' }), () => { resolve(started) })
    now = 500
  })
  t.equal(job.endedAt, 500, 'the time counts from its end')
  now = 1_499
  t.equal(jobs.find('c', job.id), job)
  now = 1_500
  t.throws(() => jobs.find('c', job.id), { code: 'not-found' })
})

t.test('a job has an end date only once it has ended', async (t) => {
  const clock = [Date.parse('2026-01-01T00:00:00Z'), Date.parse('2026-01-01T00:00:07Z')]
  let now = clock[0] ?? 0
  const jobs = createJobs(() => now, () => now)
  let end = (): void => undefined
  const run: BulkRun = {
    ...quick(1),
    run: async () => new Promise((resolve) => { end = () => { resolve({ dryRun: false, counts: zeroCounts(bulkResults), status: 200 }) } })
  }
  const done = Promise.withResolvers<unknown>()
  const job = jobs.start(scope, run, () => ({ name: 'n', result: 'created' }), done.resolve)
  const body = (): ReturnType<typeof jobReply> => jobReply(job, now, () => ({}))
  t.match(body(), { state: 'running', createdDate: '2026-01-01T00:00:00.000Z', endedDate: undefined, status: undefined, result: undefined })
  now = clock[1] ?? 0
  jobs.cancel(job)
  t.match(body(), { state: 'stopping', endedDate: undefined })
  end()
  await done.promise
  t.match(body(), { state: 'ended', createdDate: '2026-01-01T00:00:00.000Z', endedDate: '2026-01-01T00:00:07.000Z', status: 200, result: { dryRun: false } })
  t.equal(body().problem, undefined)
  t.equal(body().secondsLeft, undefined)
})

t.test('a job whose run fails has a problem and no result', async (t) => {
  const jobs = createJobs(Date.now, () => performance.now())
  for (const [thrown, code] of [[new Problem('audit-unavailable'), 'audit-unavailable'], [new TypeError('canary'), 'internal-error']] as const) {
    const ended = Promise.withResolvers<unknown>()
    const job = jobs.start(scope, { ...quick(1), run: async () => { throw thrown } }, () => ({ name: 'n', result: 'created' }), ended.resolve)
    t.equal(await ended.promise, thrown)
    const body = jobReply(job, Date.now(), (problem) => ({ code: problem.code }))
    t.match(body, { state: 'ended', endedDate: String, problem: { code } })
    t.notOk('result' in body || 'status' in body)
  }
})

t.test('the one that ended first is forgotten, even if it was started last', async (t) => {
  let now = 0
  const jobs = createJobs(() => now, () => now, { running: 2, runningOfOne: 2, items: 100, kept: 1_000 })
  let endSlow = (): void => undefined
  const slow: BulkRun = { ...quick(40), run: async () => new Promise((_resolve, reject) => { endSlow = () => { reject(new Error('over')) } }) }
  const slowEnded = Promise.withResolvers<unknown>()
  const first = jobs.start(scope, slow, () => ({ name: 'n', result: 'created' }), slowEnded.resolve)
  const start = async (total: number): Promise<Job> => {
    now += 1
    const ended = Promise.withResolvers<unknown>()
    const job = jobs.start(scope, quick(total), () => ({ name: 'n', result: 'created' }), ended.resolve)
    await ended.promise
    return job
  }
  const second = await start(40)
  now += 1
  endSlow()
  await slowEnded.promise
  const third = await start(40)
  t.throws(() => jobs.find('c', second.id), { code: 'not-found' })
  t.same([jobs.find('c', first.id), jobs.find('c', third.id)], [first, third])
})

t.test('by default, 32 jobs run at once, 8 of them for one caller', async (t) => {
  const jobs = createJobs(Date.now, () => performance.now())
  const start = (callerId: string): Job =>
    jobs.start({ ...scope, callerId }, endless, () => ({ name: 'n', result: 'created' }), () => undefined)
  for (const callerId of ['a', 'b', 'c', 'd']) {
    for (let count = 0; count < 8; count++) start(callerId)
    t.throws(() => start(callerId), { code: 'overloaded' }, callerId)
  }
  t.throws(() => start('e'), { code: 'overloaded' })
})

t.test('by default, jobs with 200,000 items are kept for an hour', async (t) => {
  let now = 0
  const jobs = createJobs(() => now, () => now)
  const ended = async (total: number): Promise<Job> => new Promise((resolve) => {
    const job = jobs.start(scope, quick(total), () => ({ name: 'n', result: 'created' }), () => { resolve(job) })
  })
  const first = await ended(199_999)
  now += 60 * 60 * 1_000 - 1
  t.equal(jobs.find('c', first.id), first)
  now += 1
  t.throws(() => jobs.find('c', first.id), { code: 'not-found' })
  const second = await ended(199_999)
  jobs.start(scope, endless, () => ({ name: 'n', result: 'created' }), () => undefined)
  t.equal(jobs.find('c', second.id), second)
  jobs.start(scope, endless, () => ({ name: 'n', result: 'created' }), () => undefined)
  t.throws(() => jobs.find('c', second.id), { code: 'not-found' })
})

t.test('a follower of a job without new events receives heartbeats', async (t) => {
  const jobs = createJobs(Date.now, monotonic)
  let end = (): void => undefined
  const slow: BulkRun = {
    ...quick(1),
    run: async () => new Promise((resolve) => { end = () => { resolve({ dryRun: false, counts: zeroCounts(bulkResults), status: 200 }) } })
  }
  const job = jobs.start(scope, slow, () => ({ name: 'n', result: 'created' }), () => undefined)
  // Keeps the process alive, because the heartbeat's timer does not.
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(() => { clearInterval(alive) })
  const heard: string[] = []
  for await (const event of jobEvents(job, 0, monotonic, 5)) {
    heard.push(/^: heartbeat|event: \w+/.exec(event)?.[0] ?? '')
    if (heard.length === 3) end()
  }
  t.same([heard[0], heard[1], heard.at(-1)], ['event: progress', ': heartbeat', 'event: end'])
})

t.test('while a job is being cancelled, a retry does not start a second run', async (t) => {
  const jobs = createJobs(Date.now, monotonic)
  const keyed = { ...scope, idempotencyKey: 'k' }
  const run: BulkRun = {
    ...quick(1),
    run: async ({ signal, settled }) => new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        // Simulates a rollback, which takes some time.
        setImmediate(() => {
          settled({ name: 'n' as SecretName, result: 'rolled-back' }, 0)
          resolve({ dryRun: false, counts: zeroCounts(bulkResults), status: 409 })
        })
      })
    })
  }
  await new Promise((ended) => {
    const job = jobs.start(keyed, run, () => ({ name: 'n', result: 'rolled-back' }), ended)
    t.equal(jobs.findReusable(keyed), job)
    jobs.cancel(job)
    t.equal(jobs.findReusable(keyed), job)
  })
  t.equal(jobs.findReusable(keyed), undefined, 'the run is incomplete, so a retry starts a new one')
})
