import { EventEmitter } from 'node:events'
import type { Problem } from '#src/problems/problem'
import type { BulkItemReply } from '#src/secrets/bulk/reply'
import type { BulkSummary } from '#src/secrets/bulk/run'
import type { BulkCounts } from '#src/secrets/bulk/schemas'

/** A bulk create that runs by itself. Of the request it keeps names and results, and no value. */
export interface Job {
  readonly id: string
  readonly callerId: string
  readonly environment: string
  /** The request's, where it had one; a plan has none, since it is no run of the request. */
  readonly idempotencyKey: string | undefined
  readonly total: number
  readonly dryRun: boolean
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  endedAt?: number
  /** Secrets that are done; more than are final where the request is atomic. */
  done: number
  /** The results in the order in which they became final, and where in the request each stands. */
  readonly settled: { readonly item: BulkItemReply, readonly index: number }[]
  /** How many have had each result so far. */
  readonly counts: BulkCounts
  summary?: BulkSummary
  /** Why it ended without a summary: by a fault of our own. */
  problem?: Problem
  /** Begins no further secret once it is aborted. */
  readonly stop: AbortController
  /** Emits `change` whenever something becomes final, and when it ends. */
  readonly changes: EventEmitter<{ change: [] }>
}

/** Seconds that it will still take if it goes on as it has, where that can be said. */
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
