import { EventEmitter } from 'node:events'
import type { Problem } from '#src/problems/problem'
import type { BulkItemReply } from '#src/secrets/bulk/reply'
import type { BulkSummary } from '#src/secrets/bulk/run'
import type { BulkCounts } from '#src/secrets/bulk/schemas'

/** A bulk create that outlives its request. It keeps names and results, but no secret values. */
export interface Job {
  readonly id: string
  readonly callerId: string
  readonly environment: string
  /**
   * The request's `Idempotency-Key`. Undefined for a dry run, so that a later request with the same key does not reuse the job.
   */
  readonly idempotencyKey: string | undefined
  readonly total: number
  readonly dryRun: boolean
  /** The dates of the job's start and end, in milliseconds since the epoch. */
  readonly createdAt: number
  endedAt?: number
  /** The times of the job's start and end, on the monotonic clock. */
  readonly began: number
  ended?: number
  /** True if the job has been removed after its end. Its results are gone. */
  removed?: true
  /** The number of secrets that are done. In an atomic run, their results become final only at the end. */
  done: number
  /** The final results, in the order in which they became final. `index` is the item's position in the request. */
  readonly settled: { readonly item: BulkItemReply, readonly index: number }[]
  /** The number of final results of each kind. */
  readonly counts: BulkCounts
  summary?: BulkSummary
  /** The error that ended the job, if it ended without a summary. */
  problem?: Problem
  /** Aborted when the job is cancelled or the process shuts down. No further secrets are then processed. */
  readonly stop: AbortController
  /** Emits `change` when a result becomes final, on progress, and at the end. */
  readonly changes: EventEmitter<{ change: [] }>
}

/**
 * Estimates the remaining time in seconds from the progress so far. Returns undefined before the first secret is done, and after
 * the job's end.
 *
 * @param elapsed the time of the monotonic clock
 */
export function secondsLeft ({ total, done, began, ended }: Job, elapsed: number): number | undefined {
  if (done === 0 || ended !== undefined) return undefined
  return Math.ceil((total - done) * (elapsed - began) / done / 1_000)
}

export const jobStates = ['running', 'stopping', 'ended'] as const

type JobState = (typeof jobStates)[number]

export const stateOf = ({ endedAt, stop }: Job): JobState => {
  if (endedAt !== undefined) return 'ended'
  return stop.signal.aborted ? 'stopping' : 'running'
}
