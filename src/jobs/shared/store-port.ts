import type { Caller, Proof } from '#src/authentication/caller'
import type { Problem } from '#src/problems/problem'
import type { BulkPlan, BulkSummary, Resumed } from '#src/secrets/bulk/run'
import type { BulkCounts } from '#src/secrets/bulk/schemas'
import type { Job, Settled } from '#src/jobs/job'

/** The origin of a job. Another replica needs it to continue the job, and for the audit records. */
export interface JobOrigin {
  readonly caller: Caller
  readonly proof: Proof
  readonly requestId: string
  readonly peer?: string
  readonly environment: string
  readonly credentialId: string
  readonly idempotencyKey?: string
  /** The fingerprint of the request with this key, which reveals nothing about its values. */
  readonly fingerprint?: string
}

/** A job that this replica owns. A replica with an older token is no longer the owner. */
export interface Owned {
  readonly id: string
  readonly token: number
}

/** An unfinished job that another replica has left. */
export interface UnfinishedJob {
  readonly origin: JobOrigin
  readonly plan: BulkPlan
  readonly resumed: Resumed
  /** The indexes of the items that have a result. */
  readonly done: ReadonlySet<number>
}

/** A job that was registered or found. */
export interface Started {
  readonly job: Job
  /** Present if this replica is the job's owner. */
  readonly owned?: Owned
  /** The progress of the earlier owner. Present if this replica has taken the job over. */
  readonly progress?: Pick<UnfinishedJob, 'resumed' | 'done'>
}

/** The answer to a command for a job that this replica may own. */
export type Answer = 'lost' | 'owned' | 'cancelled'

/** A final result, and the kind of result. */
export interface CountedResult extends Settled {
  readonly count: keyof BulkCounts
}

/** The end of a job. */
export interface Ending {
  readonly summary?: BulkSummary
  readonly problem?: Problem
  readonly counts: BulkCounts
  readonly isComplete: boolean
  /** How long the ended job is kept, in milliseconds. */
  readonly kept: number
  /** The maximum memory of all ended jobs together, and the memory of this job, in bytes. */
  readonly limit: number
  readonly size: number
}

/**
 * The jobs that the replicas share. If the store can't be used, every function throws the Problem `shared-state-unavailable`
 * within the store's time limit.
 */
export interface JobStore {
  /** How long the owner of a job may be silent before another replica may take the job over, in milliseconds. */
  readonly lease: number
  /**
   * Registers a job, or finds the job of an earlier request with the same key.
   *
   * @throws Problem `idempotency-mismatch` if the earlier request was a different one
   */
  readonly start: (origin: JobOrigin, plan: BulkPlan) => Promise<Started>
  /** Makes this replica the owner of a job whose lease has expired. Returns undefined if there is no such job. */
  readonly takeOver: () => Promise<Owned | undefined>
  /**
   * Returns the plan and the progress of a job that this replica has taken over.
   *
   * @throws Problem `internal-error` if a part of the job is missing, so that it can't be continued
   */
  readonly unfinished: (owned: Owned) => Promise<UnfinishedJob>
  /** Checks whether this replica may begin an item. `done` means that the item has a result. */
  readonly claim: (owned: Owned, index: number) => Promise<Answer | 'done'>
  /** Extends the lease of a job. @param done the number of processed items */
  readonly renew: (owned: Owned, done: number) => Promise<Answer>
  /** Stores results. An item that already has a result keeps it. */
  readonly settle: (owned: Owned, results: readonly CountedResult[]) => Promise<Answer>
  readonly finish: (owned: Owned, ending: Ending) => Promise<Answer>
  /** Releases a job, so that another replica can continue it at once. */
  readonly release: (owned: Owned) => Promise<Answer>
  /** Returns a caller's job, or undefined if there is none. */
  readonly read: (callerId: string, id: string) => Promise<Job | undefined>
  /** Returns a number that grows with every change of a job, or undefined if there is no such job. */
  readonly revision: (id: string) => Promise<number | undefined>
  readonly results: (job: Job, from: number, most: number) => Promise<Settled[]>
  readonly cancel: (callerId: string, id: string) => Promise<void>
}
