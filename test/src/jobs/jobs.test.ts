import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { monotonic } from '#src/clock'
import { jobEvents } from '#src/jobs/events'
import type { Job } from '#src/jobs/job'
import { jobReply } from '#src/jobs/schemas'
import { Problem } from '#src/problems/problem'
import { forms } from './forms.ts'
import { dryRun, endless, held, isKept, kept, outcome, quick, request, running, runJob, summary } from './requests.ts'

const problemBody = ({ code }: Problem): Record<string, unknown> => ({ code })

for (const { name, skip, create } of forms) {
  t.test(`jobs that are kept ${name}`, { skip }, async (t) => {
    t.test('the results of ended jobs are bounded in bytes', async (t) => {
      const jobs = await create(t)
      const ended: Job[] = []
      for (let count = 0; count < 4; count++) ended.push(await runJob(jobs, 300))
      t.same(await kept(jobs, ended), [false, true, true, true], 'the job that ended first is removed')

      const small: Job[] = []
      for (let count = 0; count < 300; count++) small.push(await runJob(jobs, 1))
      const left = (await kept(jobs, small)).filter(Boolean).length
      t.ok(left > 100 && left < 256, `a job takes memory even without results: ${left} are kept`)
      t.same(await kept(jobs, small), small.map((_, index) => index >= small.length - left))
    })

    t.test('a caller does not evict the jobs of a caller with fewer results', async (t) => {
      const jobs = await create(t)
      const quiet = [await runJob(jobs, 100, { callerId: 'quiet' }), await runJob(jobs, 100, { callerId: 'quiet' })]
      for (const callerId of ['greedy', 'greedy', 'other', 'greedy', 'other', 'greedy']) {
        const job = await runJob(jobs, 400, { callerId })
        t.same(await kept(jobs, quiet), [true, true], `after a job of ${callerId}`)
        t.ok(await isKept(jobs, job), 'nor is the last job lost')
      }
      const larger = await runJob(jobs, 900, { callerId: 'quiet' })
      t.same(await kept(jobs, [...quiet, larger]), [false, false, true], 'its own jobs push them out')
    })

    t.test('the events of a job that has been removed break off without `end`', async (t) => {
      const jobs = await create(t)
      const events = jobEvents(jobs, await runJob(jobs, 600), 0, monotonic)
      t.match((await events.next()).value, /^id: 1\nevent: item\n/)
      await runJob(jobs, 600)
      let last = ''
      let count = 1
      for await (const event of events) {
        last = event
        count += 1
      }
      t.match(last, /event: item/)
      t.ok(count <= 50, `a slow client does not keep the results: it got ${count}`)
    })

    t.test('an ended job is kept for the configured time after its end', async (t) => {
      const jobs = await create(t, { kept: 400 })
      const { bulk, end } = held()
      const ended = Promise.withResolvers<unknown>()
      const { id } = await jobs.start(request(bulk, { idempotencyKey: 'k', ended: ended.resolve }))
      await setTimeout(500)
      t.equal((await jobs.find('c', id)).state, 'running', 'the time counts from its end')
      end()
      await ended.promise
      t.equal((await jobs.find('c', id)).state, 'ended')
      t.equal((await jobs.start(request(quick(1), { idempotencyKey: 'k' }))).id, id)
      await setTimeout(500)
      await t.rejects(jobs.find('c', id), { code: 'not-found' })
      t.not((await jobs.start(request(quick(1), { idempotencyKey: 'k' }))).id, id)
    })

    t.test('a job has an end date only once it has ended', async (t) => {
      const jobs = await create(t)
      const { bulk, end } = held()
      const ended = Promise.withResolvers<unknown>()
      const { id } = await jobs.start(request(bulk, { ended: ended.resolve }))
      const body = async (): ReturnType<typeof jobReply> => jobReply(jobs, await jobs.find('c', id), problemBody)
      const atStart = await body()
      t.match(atStart, { id, state: 'running', createdDate: /^\d{4}-.*Z$/, total: 1, done: 0 })
      for (const member of ['endedDate', 'status', 'result', 'problem', 'secondsLeft']) t.notOk(member in atStart, member)
      t.match(await jobs.cancel('c', id), { state: 'stopping' })
      t.notOk('endedDate' in await body())
      end()
      await ended.promise
      const atEnd = await body()
      t.match(atEnd, { state: 'ended', createdDate: atStart.createdDate, endedDate: String, status: 200, result: { dryRun: false, items: [{ name: 'n' }] } })
      t.ok(Date.parse(atEnd.endedDate ?? '') >= Date.parse(atEnd.createdDate))
      t.notOk('problem' in atEnd || 'secondsLeft' in atEnd)
    })

    t.test('the results are reported in the order of the request, and their events in the order in which they became final', async (t) => {
      const jobs = await create(t)
      const bulk = {
        ...quick(3),
        run: running(async ({ settled, progress }) => {
          settled(outcome('created'), 2)
          settled(outcome('skipped'), 0)
          settled(outcome('failed'), 1)
          progress(3)
          return summary(200)
        }).run
      }
      const job = await runJob(jobs, bulk)
      t.match(job, { done: 3, total: 3, counts: { created: 1, skipped: 1, failed: 1, updated: 0 } })
      const { result } = await jobReply(jobs, job, problemBody)
      t.same(result?.items.map((item) => item.result), ['skipped', 'failed', 'created'])
      const events: string[] = []
      for await (const event of jobEvents(jobs, job, 1, monotonic)) events.push(/^id: (\d+)\nevent: (\w+)/.exec(event)?.slice(1).join(' ') ?? '')
      t.same(events, ['2 item', '3 item', '4 end'], 'after the first one')
    })

    t.test('a job whose run fails has a problem and no result', async (t) => {
      const jobs = await create(t)
      for (const [thrown, code] of [[new Problem('audit-unavailable'), 'audit-unavailable'], [new TypeError('canary'), 'internal-error']] as const) {
        const ended = Promise.withResolvers<unknown>()
        const { id } = await jobs.start(request(running(async () => { throw thrown }), { ended: ended.resolve }))
        t.equal(await ended.promise, thrown)
        const body = await jobReply(jobs, await jobs.find('c', id), problemBody)
        t.match(body, { state: 'ended', endedDate: String, problem: { code } })
        t.notOk('result' in body || 'status' in body)
      }
    })

    t.test('the job that ended first is removed, even if it was started last', async (t) => {
      const jobs = await create(t)
      const { bulk, end } = held(400)
      const ended = Promise.withResolvers<unknown>()
      const first = await jobs.start(request(bulk, { ended: ended.resolve }))
      const second = await runJob(jobs, 400)
      end()
      await ended.promise
      const third = await runJob(jobs, 400)
      t.same(await kept(jobs, [first, second, third]), [true, false, true])
    })

    t.test('by default, 32 jobs run at once in a process, 8 of them for one caller', async (t) => {
      const jobs = await create(t)
      const start = async (callerId: string): Promise<Job> => jobs.start(request(endless, { callerId }))
      for (const callerId of ['a', 'b', 'c', 'd']) {
        for (let count = 0; count < 8; count++) await start(callerId)
        await t.rejects(start(callerId), { code: 'overloaded' }, callerId)
      }
      await t.rejects(start('e'), { code: 'overloaded' })
    })

    t.test('a retry of an ended job does not count as a job that runs', async (t) => {
      const jobs = await create(t)
      const { id } = await runJob(jobs, 1, { idempotencyKey: 'k' })
      for (let count = 0; count <= 8; count++) t.equal((await jobs.start(request(quick(1), { idempotencyKey: 'k' }))).id, id)
    })

    t.test('a follower of a job without new events learns that nothing has changed', async (t) => {
      const jobs = await create(t)
      const { bulk, end } = held()
      const job = await jobs.start(request(bulk))
      // Keeps the process alive, because the heartbeat's timer does not.
      const alive = setInterval(() => undefined, 1_000)
      t.teardown(() => { clearInterval(alive) })
      const heard: string[] = []
      for await (const event of jobEvents(jobs, job, 0, monotonic, 5)) {
        heard.push(/^: heartbeat|event: \w+/.exec(event)?.[0] ?? '')
        if (heard.length === 3) end()
      }
      t.same([heard[0], heard[1], heard.at(-1)], ['event: progress', ': heartbeat', 'event: end'])
    })

    t.test('while a job is being cancelled, a retry does not start a second run', async (t) => {
      const jobs = await create(t)
      const rollingBack = running(async ({ signal, settled }) => new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          // Simulates a rollback, which takes some time.
          void setTimeout(50).then(() => {
            settled(outcome('rolled-back'), 0)
            resolve(summary(409))
          })
        })
      }))
      const ended = Promise.withResolvers<unknown>()
      const { id } = await jobs.start(request(rollingBack, { idempotencyKey: 'k', ended: ended.resolve }))
      t.equal((await jobs.start(request(quick(1), { idempotencyKey: 'k' }))).id, id)
      await jobs.cancel('c', id)
      t.equal((await jobs.start(request(quick(1), { idempotencyKey: 'k' }))).id, id)
      await ended.promise
      t.not((await jobs.start(request(quick(1), { idempotencyKey: 'k' }))).id, id, 'the run is incomplete, so a retry starts a new one')
    })

    t.test('a job belongs to its caller, its key and its environment', async (t) => {
      const jobs = await create(t)
      const { id } = await runJob(jobs, 1, { idempotencyKey: 'k' })
      await t.rejects(jobs.find('other', id), { code: 'not-found' })
      await t.rejects(jobs.cancel('other', id), { code: 'not-found' })
      await t.rejects(jobs.find('c', 'none'), { code: 'not-found' })
      t.equal((await jobs.start(request(quick(1), { idempotencyKey: 'k' }))).id, id)
      t.not((await runJob(jobs, 1, { idempotencyKey: 'k', callerId: 'other' })).id, id)
      t.not((await runJob(jobs, 1, { idempotencyKey: 'other' })).id, id)
      t.not((await runJob(jobs, dryRun, { idempotencyKey: 'k' })).id, id, 'a dry run is a job of its own')
    })

    t.test('jobs stop with the process', async (t) => {
      const jobs = await create(t)
      let isOver = false
      const stopped = running(async ({ signal, claim }) => {
        while (!signal.aborted && await claim?.(0) !== false) await setTimeout(5)
        isOver = true
        return summary()
      })
      await jobs.start(request(stopped))
      await jobs.stop()
      t.ok(isOver)
      await t.rejects(jobs.start(request(quick(1))), { code: 'overloaded' })
      t.throws(() => jobs.enter('c'), { code: 'overloaded' })
    })
  })
}
