import t from 'tap'
import { monotonic } from '#src/clock'
import type { SecretName } from '#src/environments/names'
import { jobEvents } from '#src/jobs/events'
import type { Job } from '#src/jobs/job'
import { createJobs, type Jobs } from '#src/jobs/jobs'
import { jobReply } from '#src/jobs/schemas'
import { Problem } from '#src/problems/problem'
import type { BulkRun } from '#src/secrets/bulk/run'
import { bulkResults } from '#src/secrets/bulk/schemas'
import { zeroCounts } from '#src/secrets/counts'
import type { Scope } from '#src/secrets/scope'

const scope = { callerId: 'c', environment: { name: 'dev' } } as unknown as Scope

const mebibyte = 1024 * 1024

/** A run that ends at once, with a result for each secret. */
const quick = (total: number): BulkRun => ({
  total,
  dryRun: false,
  async run ({ settled }) {
    for (let index = 0; index < total; index++) settled({ name: 'n' as SecretName, result: 'created' }, index)
    return { dryRun: false, counts: zeroCounts(bulkResults), status: 200 }
  }
})

/** Runs a job to its end. */
const runJob = async (jobs: Jobs, total: number, callerId = 'c'): Promise<Job> => {
  const ended = Promise.withResolvers<unknown>()
  const job = jobs.start({ ...scope, callerId }, quick(total), () => ({ name: 'n', result: 'created' }), ended.resolve)
  await ended.promise
  return job
}

const isKept = (jobs: Jobs, { callerId, id }: Job): boolean => {
  try {
    return jobs.find(callerId, id).id === id
  } catch {
    return false
  }
}

const endless: BulkRun = { ...quick(1), run: async () => new Promise(() => undefined) }

t.test('the results of ended jobs are bounded in bytes', async (t) => {
  const jobs = createJobs(Date.now, monotonic, () => mebibyte)
  const ended: Job[] = []
  for (let count = 0; count < 4; count++) ended.push(await runJob(jobs, 300))
  t.same(ended.map((job) => isKept(jobs, job)), [false, true, true, true], 'the job that ended first is removed')

  const small: Job[] = []
  for (let count = 0; count < 300; count++) small.push(await runJob(jobs, 1))
  const kept = small.filter((job) => isKept(jobs, job))
  t.ok(kept.length > 100 && kept.length < 256, `a job takes memory even without results: ${kept.length} are kept`)
  t.same(kept, small.slice(-kept.length))
})

t.test('a caller does not evict the jobs of a caller with fewer results', async (t) => {
  const jobs = createJobs(Date.now, monotonic, () => mebibyte)
  const quiet = [await runJob(jobs, 100, 'quiet'), await runJob(jobs, 100, 'quiet')]
  for (const callerId of ['greedy', 'greedy', 'other', 'greedy', 'other', 'greedy']) {
    const job = await runJob(jobs, 400, callerId)
    t.same(quiet.map((one) => isKept(jobs, one)), [true, true], `after a job of ${callerId}`)
    t.ok(isKept(jobs, job), 'nor is the last job lost')
  }
  const larger = await runJob(jobs, 900, 'quiet')
  t.same([...quiet, larger].map((one) => isKept(jobs, one)), [false, false, true], 'its own jobs push them out')
})

t.test('a slow client does not keep the results of a job that has been removed', async (t) => {
  const jobs = createJobs(Date.now, monotonic, () => mebibyte)
  const job = await runJob(jobs, 600)
  const events = jobEvents(job, 0, monotonic)
  t.match((await events.next()).value, /^id: 1\nevent: item\n/)
  await runJob(jobs, 600)
  t.same(job.settled, [])
  t.match(await events.next(), { done: true }, 'the events break off without `end`')
})

t.test('an ended job is kept for exactly the configured time', async (t) => {
  let now = 0
  const jobs = createJobs(() => now, () => now, () => mebibyte, { running: 1, runningOfOne: 1, kept: 1_000 })
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
  const jobs = createJobs(() => now, () => now, () => mebibyte)
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
  const jobs = createJobs(Date.now, monotonic, () => mebibyte)
  for (const [thrown, code] of [[new Problem('audit-unavailable'), 'audit-unavailable'], [new TypeError('canary'), 'internal-error']] as const) {
    const ended = Promise.withResolvers<unknown>()
    const job = jobs.start(scope, { ...quick(1), run: async () => { throw thrown } }, () => ({ name: 'n', result: 'created' }), ended.resolve)
    t.equal(await ended.promise, thrown)
    const body = jobReply(job, Date.now(), (problem) => ({ code: problem.code }))
    t.match(body, { state: 'ended', endedDate: String, problem: { code } })
    t.notOk('result' in body || 'status' in body)
  }
})

t.test('the job that ended first is removed, even if it was started last', async (t) => {
  const jobs = createJobs(Date.now, monotonic, () => mebibyte)
  let endSlow = (): void => undefined
  const opened = new Promise<void>((resolve) => { endSlow = resolve })
  const slow: BulkRun = { ...quick(400), run: async (control) => opened.then(async () => quick(400).run(control)) }
  const slowEnded = Promise.withResolvers<unknown>()
  const first = jobs.start(scope, slow, () => ({ name: 'n', result: 'created' }), slowEnded.resolve)
  const second = await runJob(jobs, 400)
  endSlow()
  await slowEnded.promise
  const third = await runJob(jobs, 400)
  t.same([first, second, third].map((job) => isKept(jobs, job)), [true, false, true])
})

t.test('by default, 32 jobs run at once, 8 of them for one caller', async (t) => {
  const jobs = createJobs(Date.now, monotonic, () => mebibyte)
  const start = (callerId: string): Job =>
    jobs.start({ ...scope, callerId }, endless, () => ({ name: 'n', result: 'created' }), () => undefined)
  for (const callerId of ['a', 'b', 'c', 'd']) {
    for (let count = 0; count < 8; count++) start(callerId)
    t.throws(() => start(callerId), { code: 'overloaded' }, callerId)
  }
  t.throws(() => start('e'), { code: 'overloaded' })
})

t.test('by default, an ended job is kept for an hour', async (t) => {
  let now = 0
  const jobs = createJobs(() => now, () => now, () => mebibyte)
  const keyed = { ...scope, idempotencyKey: 'k' }
  const job = await new Promise<Job>((resolve) => {
    const started = jobs.start(keyed, quick(1), () => ({ name: 'n', result: 'created' }), () => { resolve(started) })
  })
  now += 60 * 60 * 1_000 - 1
  t.equal(jobs.find('c', job.id), job)
  t.equal(jobs.findReusable(keyed), job)
  now += 1
  t.throws(() => jobs.find('c', job.id), { code: 'not-found' })
  t.equal(jobs.findReusable(keyed), undefined)
  await runJob(jobs, 1, 'another')
  t.same(job.settled, [], 'its memory is released when another job ends')
})

t.test('a follower of a job without new events receives heartbeats', async (t) => {
  const jobs = createJobs(Date.now, monotonic, () => mebibyte)
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
  const jobs = createJobs(Date.now, monotonic, () => mebibyte)
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
