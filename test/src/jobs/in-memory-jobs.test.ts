import t from 'tap'
import { createJobs } from '#src/jobs/in-memory-jobs'
import { held, quick, request, runJob } from './requests.ts'

const mebibyte = 1024 * 1024

t.test('an ended job is kept for exactly the configured time', async (t) => {
  let now = 0
  const jobs = createJobs(() => now, () => now, { bytes: () => mebibyte, running: 1, runningOfOne: 1, kept: 1_000 })
  const { bulk, end } = held()
  const ended = Promise.withResolvers<unknown>()
  const { id } = await jobs.start(request(bulk, { ended: ended.resolve }))
  now = 500
  end()
  await ended.promise
  t.equal((await jobs.find('c', id)).endedAt, 500, 'the time counts from its end')
  now = 1_499
  t.equal((await jobs.find('c', id)).id, id)
  now = 1_500
  await t.rejects(jobs.find('c', id), { code: 'not-found' })
})

t.test('by default, an ended job is kept for an hour', async (t) => {
  let now = 0
  const jobs = createJobs(() => now, () => now, { bytes: () => mebibyte })
  const job = await runJob(jobs, 1, { idempotencyKey: 'k' })
  now += 60 * 60 * 1_000 - 1
  t.equal((await jobs.find('c', job.id)).id, job.id)
  t.equal((await jobs.start(request(quick(1), { idempotencyKey: 'k' }))).id, job.id)
  now += 1
  await t.rejects(jobs.find('c', job.id), { code: 'not-found' })
  t.equal(await jobs.results(job, 0, 1), undefined)
  t.not((await jobs.start(request(quick(1), { idempotencyKey: 'k' }))).id, job.id)
})

t.test('the remaining time is estimated from the progress so far', async (t) => {
  let now = 0
  const jobs = createJobs(() => now, () => now, { bytes: () => mebibyte })
  const { bulk, end, control } = held(4)
  const { id } = await jobs.start(request(bulk))
  now = 10_000
  t.equal((await jobs.find('c', id)).secondsLeft, undefined)
  const { progress } = await control
  progress(1)
  t.equal((await jobs.find('c', id)).secondsLeft, 30)
  end()
})
