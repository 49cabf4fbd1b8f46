import type { Test } from 'tap'
import { monotonic } from '#src/clock'
import { createJobs } from '#src/jobs/in-memory-jobs'
import type { JobLimits } from '#src/jobs/limits'
import type { Jobs } from '#src/jobs/port'
import { createSharedJobs, type SharedJobsOptions } from '#src/jobs/shared/shared-jobs'
import { createJobStore } from '#src/jobs/shared/store'
import { Problem } from '#src/problems/problem'
import { createShared, type Shared } from '#src/shared/shared'
import type { SharedSettings } from '#src/shared/settings'
import { settingsFor, skip, startRedis, type TestRedis } from '#test/redis'

/** An implementation of the store of jobs. */
interface Form {
  readonly name: string
  readonly skip: string | false
  readonly create: (t: Test, limits?: Partial<JobLimits>) => Promise<Jobs>
}

const mebibyte = 1024 * 1024

/** The implementations of the store of jobs. All of them must pass the same tests. */
export const forms: readonly Form[] = [
  { name: 'in memory', skip: false, create: async (_t, limits) => createJobs(Date.now, monotonic, { bytes: () => mebibyte, ...limits }) },
  {
    name: 'in Redis',
    skip,
    create: async (t: Test, limits?: Partial<JobLimits>): Promise<Jobs> => {
      const redis = await startRedis(t)
      return shareJobs(await connect(t, redis), limits)
    }
  }
]

/** Connects to a server, as a replica does. */
export async function connect (t: Test, redis: TestRedis, change: Partial<SharedSettings> = {}): Promise<Shared> {
  const settings = settingsFor(redis, change)
  const shared = createShared({ settings: () => settings, onUp: nothing, onDown: nothing, onCommand: nothing, onForeignMessage: nothing, monotonic })
  t.teardown(async () => shared.close())
  await shared.firstAttempt
  return shared
}

/** Creates the jobs of a replica. Without other options, it can continue no job. */
export const shareJobs = (shared: Shared, limits: Partial<JobLimits> = {}, options: Partial<SharedJobsOptions> = {}): Jobs => createSharedJobs({
  store: createJobStore(shared, { key: Buffer.alloc(32, 'k'), now: Date.now }),
  shared,
  continueJob: async () => { throw new Problem('forbidden') },
  onHandover: nothing,
  onFault: nothing,
  monotonic,
  limits: { bytes: () => mebibyte, ...limits },
  ...options
})

const nothing = (): void => undefined
