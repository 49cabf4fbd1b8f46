import type { Problem } from '#src/problems/problem'
import type { BulkItemReply } from '#src/secrets/bulk/reply'
import type { BulkSummary } from '#src/secrets/bulk/run'
import type { BulkCounts } from '#src/secrets/bulk/schemas'

/** A job's state. `stopping`: no further secrets are started, but those in progress are finished. */
export const jobStates = ['running', 'stopping', 'ended'] as const

export type JobState = (typeof jobStates)[number]

/** A snapshot of a job. A job is a bulk create that outlives its request. */
export interface Job {
  readonly id: string
  readonly callerId: string
  readonly environment: string
  readonly state: JobState
  readonly total: number
  /** The number of processed secrets. In an atomic run, their results become final only at the end. */
  readonly done: number
  /** The number of final results of each kind. */
  readonly counts: BulkCounts
  /** The dates of the job's start and end, in milliseconds since the epoch. */
  readonly createdAt: number
  readonly endedAt?: number
  /** The estimated remaining time in seconds. Absent before the first secret is processed, and after the job's end. */
  readonly secondsLeft?: number
  readonly summary?: BulkSummary
  /** The error that ended the job, if it ended without a summary. */
  readonly problem?: Problem
  /** A number that grows with every change of the job. */
  readonly revision: number
}

/** A final result, and the item's position in the request. */
export interface Settled {
  readonly item: BulkItemReply
  readonly index: number
}

/** The progress of a job: the total number of its secrets, the number of processed ones, and the milliseconds since its start. */
interface Progress {
  readonly total: number
  readonly done: number
  readonly elapsed: number
}

/** Estimates the remaining time of a running job in seconds. Returns undefined before the first secret is processed. */
export const secondsLeft = ({ total, done, elapsed }: Progress): number | undefined =>
  done === 0 ? undefined : Math.ceil((total - done) * elapsed / done / 1_000)

/**
 * Returns true if a repeated request can be answered with this job. The job must be running, or have succeeded completely. While
 * the first run is in progress, a repeated request must not start a second one, which could rely on changes that the first is
 * about to roll back.
 */
export const isReusable = ({ endedAt, problem, counts }: Pick<Job, 'endedAt' | 'problem' | 'counts'>): boolean =>
  endedAt === undefined || (problem === undefined && counts.failed + counts.rolledBack + counts.notStarted === 0)
