import { EventEmitter } from 'node:events'
import type { Problem } from '#src/problems/problem'
import type { BulkItemReply } from '#src/secrets/bulk/reply'
import type { BulkSummary } from '#src/secrets/bulk/run'
import type { BulkCounts } from '#src/secrets/bulk/schemas'

/** A bulk create that outlives its request. It keeps names and results, but no values. */
export interface Job {
  readonly id: string
  readonly callerId: string
  readonly environment: string
  /** The request's `Idempotency-Key`; undefined for a dry run, which does not count as a run of the request. */
  readonly idempotencyKey: string | undefined
  readonly total: number
  readonly dryRun: boolean
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  endedAt?: number
  /** The number of secrets that are done. In an atomic run, none of them is final before the end. */
  done: number
  /** The results, in the order in which they became final, with the item's index in the request. */
  readonly settled: { readonly item: BulkItemReply, readonly index: number }[]
  /** The number of final results of each kind. */
  readonly counts: BulkCounts
  summary?: BulkSummary
  /** The reason for which it ended without a summary: an internal error. */
  problem?: Problem
  /** Once aborted, no further secret is started. */
  readonly stop: AbortController
  /** Emits `change` when a result becomes final, on progress, and at the end. */
  readonly changes: EventEmitter<{ change: [] }>
}

/** Estimates the remaining seconds from the progress so far. Undefined before the first secret is done, and after the end. */
export function secondsLeft ({ total, done, createdAt, endedAt }: Job, now: number): number | undefined {
  if (done === 0 || endedAt !== undefined) return undefined
  return Math.ceil((total - done) * (now - createdAt) / done / 1_000)
}

export const jobStates = ['running', 'stopping', 'ended'] as const

type JobState = (typeof jobStates)[number]

export const stateOf = ({ endedAt, stop }: Job): JobState => {
  if (endedAt !== undefined) return 'ended'
  return stop.signal.aborted ? 'stopping' : 'running'
}
