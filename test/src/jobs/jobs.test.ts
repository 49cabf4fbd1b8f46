import t from 'tap'
import { monotonic } from '#src/clock'
import type { SecretName } from '#src/environments/names'
import { jobEvents } from '#src/jobs/events'
import type { Job } from '#src/jobs/job'
import { createJobs } from '#src/jobs/jobs'
import type { BulkRun } from '#src/secrets/bulk/run'
import { bulkResults } from '#src/secrets/bulk/schemas'
import { zeroCounts } from '#src/secrets/counts'
import type { Scope } from '#src/secrets/scope'

const scope = { callerId: 'c', environment: { name: 'dev' } } as unknown as Scope

const quick = (total: number): BulkRun =>
  ({ total, dryRun: false, run: async () => ({ dryRun: false, counts: zeroCounts(bulkResults), status: 200 }) })

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
