import type { Caller, Proof } from '#src/authentication/caller'
import type { BulkOutcome } from '#src/secrets/bulk/plan'
import type { BulkItemReply } from '#src/secrets/bulk/reply'
import type { BulkRun } from '#src/secrets/bulk/run'
import type { Scope } from '#src/secrets/scope'
import type { Job, Settled } from './job.ts'

/** A request for a job. If an earlier job is reused, none of the callbacks is called. */
export interface JobRequest {
  readonly scope: Scope
  readonly caller: Caller
  /** Identifies the caller after the request has ended. */
  readonly proof: Proof
  /** The request's ID and the IP address that sent it, for the audit records. */
  readonly requestId: string
  readonly peer?: string | undefined
  /** The fingerprint of a request with an `Idempotency-Key`, as `IdempotencyKeys` returns it. */
  readonly fingerprint?: string | undefined
  readonly bulk: BulkRun
  /** Returns the JSON form of a result. */
  readonly toReply: (outcome: BulkOutcome) => BulkItemReply
  /** Called with the job's ID before its first secret is started. */
  readonly begun: (id: string) => void
  /** Called when the job ends, with the error if the run threw one. */
  readonly ended: (fault?: unknown) => void
}

/** The jobs that callers have started. */
export interface Jobs {
  /**
   * Starts a job. If an earlier request with the same caller, environment and `Idempotency-Key` has started a job that is running
   * or has succeeded completely, returns that job instead, because a second run could rely on changes that the first is about to
   * roll back. A dry run neither reuses a job nor is reused.
   *
   * @throws Problem `overloaded` if too many jobs are running, or during shutdown
   */
  start: (request: JobRequest) => Promise<Job>
  /**
   * Counts a bulk operation whose caller waits for the result. It counts towards the same limits as a job that runs in this
   * process.
   *
   * @returns a function to call when the operation has ended
   * @throws Problem `overloaded` if too many are running, or during shutdown
   */
  enter: (callerId: string) => () => void
  /** Returns one of the caller's jobs. @throws Problem `not-found` if no job has this ID, or if the job is another caller's */
  find: (callerId: string, id: string) => Promise<Job>
  /**
   * Returns a job's final results in the order in which they became final, beginning at the position `from`.
   *
   * @param most the maximum number of results
   * @returns undefined if the job has been removed
   */
  results: (job: Job, from: number, most: number) => Promise<readonly Settled[] | undefined>
  /**
   * Waits until a job differs from a snapshot of it.
   *
   * @param wait the maximum time to wait, in milliseconds
   * @returns the changed job; the unchanged job if the time is up; undefined if the job has been removed
   */
  changed: (job: Job, wait: number) => Promise<Job | undefined>
  /** Cancels one of the caller's jobs. No further secrets are processed. @throws Problem `not-found` as for `find` */
  cancel: (callerId: string, id: string) => Promise<Job>
  /** Stops the jobs that run in this process. Resolves when they have ended. */
  stop: () => Promise<void>
}
