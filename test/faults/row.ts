import type { ProblemCode } from '#src/problems/catalogue'
import type { FailureCause, FailureEffect } from '#src/problems/failure'
import type { Fault } from './fault.ts'

/** A fault, and what the gateway promises to its caller while the fault lasts and afterwards. */
export interface Row {
  /** The fault in words, for the documentation. */
  readonly what: string
  readonly fault: Fault
  /** The number of attempts that the fault affects. */
  readonly times: number
  readonly call: Call
  readonly promise: Promised
}

/**
 * The call that the fault affects: a read (`GetSecretValue`) or a write (`PutSecretValue`) of Secrets Manager, the read that comes
 * before a write without an `Idempotency-Key`, or one of the calls to STS that come before a read: `AssumeRole` for a role, and
 * `GetCallerIdentity` for an environment with an account.
 */
export type Call = 'read' | 'write' | 'read before a write' | 'AssumeRole' | 'GetCallerIdentity'

export interface Promised {
  readonly status: number
  /** Absent if the request succeeds. */
  readonly code?: ProblemCode
  /** The explanation in the reply's `detail`. Absent if the problem needs none. */
  readonly cause?: FailureCause
  readonly effect?: FailureEffect
  /** The `Retry-After` of the reply, in seconds. */
  readonly retryAfter?: number
  /** The number of attempts that are made. */
  readonly attempts: number
  /** True if the reply comes at the call's deadline. Otherwise it comes as soon as the last attempt has ended. */
  readonly atDeadline?: true
  /** For a write: whether AWS carries it out in the end. */
  readonly isWritten?: boolean
  /** For how many seconds after the end of the fault the error is repeated without another attempt. Defaults to 0. */
  readonly pause?: number
}
