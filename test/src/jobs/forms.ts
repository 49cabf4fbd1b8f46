import type { Test } from 'tap'
import { monotonic } from '#src/clock'
import { createJobs } from '#src/jobs/in-memory-jobs'
import type { JobLimits, Jobs } from '#src/jobs/port'

/** A form in which jobs are kept. */
interface Form {
  readonly name: string
  readonly create: (t: Test, limits?: Partial<JobLimits>) => Promise<Jobs>
}

const mebibyte = 1024 * 1024

/** The forms in which jobs are kept. All of them must pass the same tests. */
export const forms: readonly Form[] = [
  { name: 'in memory', create: async (_t, limits) => createJobs(Date.now, monotonic, { bytes: () => mebibyte, ...limits }) }
]
