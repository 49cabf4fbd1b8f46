import { Problem } from '#src/problems/problem'

export interface JobLimits {
  /** The maximum number of concurrent jobs and other bulk operations in this process, for all callers together. */
  readonly running: number
  /** The maximum number of concurrent jobs and other bulk operations in this process for one caller. */
  readonly runningOfOne: number
  /** The time for which an ended job is kept, in milliseconds. */
  readonly kept: number
  /** Returns the maximum memory of all ended jobs together, in bytes. */
  readonly bytes: () => number
}

/** The limits, except for the memory, which is configured. */
export const jobLimits: Omit<JobLimits, 'bytes'> = { running: 32, runningOfOne: 8, kept: 60 * 60 * 1_000 }

/** Returns the problem for a job or another bulk operation that would exceed the limits. */
export const tooManyJobs = (): Problem => new Problem('overloaded', { reason: 'too many bulk operations are under way' })
