import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { createSharedJobs } from '#src/jobs/shared/shared-jobs'
import type { JobStore } from '#src/jobs/shared/store-port'
import { Problem } from '#src/problems/problem'

const grace = 4_000

interface Replica {
  readonly state: { isUp: boolean }
  /** Reports that the server can be used again. */
  readonly report: (isNew: boolean) => void
  /** Lets some milliseconds pass until the next search. Returns true if the replica has looked for jobs without an owner. */
  readonly searchesAfter: (milliseconds: number) => Promise<boolean>
  readonly stop: () => Promise<void>
}

/** Creates the jobs of a replica, with a clock that the test controls. */
function replica (t: Test): Replica {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => { mock.timers.reset() })
  const state = { isUp: true }
  let [clock, searches] = [0, 0]
  let report: Replica['report'] = () => undefined
  const jobs = createSharedJobs({
    store: { lease: 10_000, takeOver: async () => { searches += 1 } } as unknown as JobStore,
    shared: { isUp: () => state.isUp, onUp: (listener) => { report = listener } },
    continueJob: async () => { throw new Problem('forbidden') },
    onHandover: () => undefined,
    onFault: () => undefined,
    monotonic: () => clock,
    limits: { bytes: () => 1e6 },
    grace
  })
  t.teardown(async () => jobs.stop())
  return {
    state,
    report: (isNew) => { report(isNew) },
    async searchesAfter (milliseconds) {
      const before = searches
      clock += milliseconds
      mock.timers.tick(1_000)
      await new Promise((resolve) => { setImmediate(resolve) })
      return searches > before
    },
    stop: jobs.stop
  }
}

/** Returns which of the searches, each a second after the last one, are carried out. */
async function searches ({ searchesAfter }: Replica, count: number): Promise<string> {
  let made = ''
  for (let index = 0; index < count; index += 1) made += await searchesAfter(1_000) ? 'x' : '-'
  return made
}

t.test('at first, and after a new session, the owners of jobs have the time to renew their leases', async (t) => {
  const one = replica(t)
  t.equal(await searches(one, 5), '---xx')
  one.report(false)
  t.equal(await searches(one, 1), 'x', 'the session was kept')
  one.report(true)
  t.equal(await searches(one, 5), '---xx')
  await one.stop()
  t.equal(await searches(one, 1), '-')
})

t.test('after a long outage, or a pause of this process, the owners have that time, too', async (t) => {
  const one = replica(t)
  await searches(one, 4)
  one.state.isUp = false
  t.equal(await searches(one, 2), '--')
  one.state.isUp = true
  t.equal(await searches(one, 1), 'x', 'half of the time, seen from the first search that failed')
  one.state.isUp = false
  t.equal(await searches(one, 3), '---')
  one.state.isUp = true
  t.equal(await one.searchesAfter(1), false, 'longer than that')
  t.equal(await searches(one, 5), '---xx')
  t.equal(await one.searchesAfter(3_000), true, 'a timer may be late')
  t.equal(await one.searchesAfter(3_001), false, 'this process was paused')
  t.equal(await searches(one, 5), '---xx')
})
