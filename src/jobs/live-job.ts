import type { EventEmitter } from 'node:events'
import type { Problem } from '#src/problems/problem'
import type { BulkSummary } from '#src/secrets/bulk/run'
import type { BulkCounts } from '#src/secrets/bulk/schemas'
import { compact } from '#src/json/compact'
import { secondsLeft, type Job, type JobState, type Settled } from './job.ts'

/** A job in the memory of the process that runs it. It keeps names and results, but no secret values. */
export interface LiveJob {
  readonly id: string
  readonly callerId: string
  readonly environment: string
  /**
   * The request's `Idempotency-Key`. Undefined for a dry run, so that a later request with the same key does not reuse the job.
   */
  readonly idempotencyKey: string | undefined
  readonly total: number
  /** The dates of the job's start and end, in milliseconds since the epoch. */
  readonly createdAt: number
  endedAt?: number
  /** The times of the job's start and end, on the monotonic clock. */
  readonly began: number
  ended?: number
  /** True if the job has been removed after its end, together with its results. */
  removed?: true
  done: number
  /** The final results, in the order in which they became final. */
  readonly settled: Settled[]
  readonly counts: BulkCounts
  summary?: BulkSummary
  problem?: Problem
  revision: number
  /** Aborted when the job is cancelled or the process shuts down. No further secrets are then processed. */
  readonly stop: AbortController
  /** Emits `change` when a result becomes final, on progress, and at the end. */
  readonly changes: EventEmitter<{ change: [] }>
}

/** Returns a snapshot of a job. @param monotonic the time of the monotonic clock */
export const snapshot = (job: LiveJob, monotonic: number): Job => {
  const { id, callerId, environment, total, done, counts, createdAt, endedAt, began, summary, problem, revision } = job
  return compact({
    id,
    callerId,
    environment,
    state: stateOf(job),
    total,
    done,
    counts: { ...counts },
    createdAt,
    endedAt,
    secondsLeft: endedAt === undefined ? secondsLeft({ total, done, elapsed: monotonic - began }) : undefined,
    summary,
    problem,
    revision
  })
}

const stateOf = ({ endedAt, stop }: LiveJob): JobState => {
  if (endedAt !== undefined) return 'ended'
  return stop.signal.aborted ? 'stopping' : 'running'
}

/** Counts a change of a job, and notifies its followers. */
export function touch (job: LiveJob): void {
  job.revision += 1
  job.changes.emit('change')
}
