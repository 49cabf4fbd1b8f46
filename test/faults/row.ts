import type { ProblemCode } from '#src/problems/catalogue'
import type { FailureCause, FailureEffect } from '#src/problems/failure'
import type { Fault } from './fault.ts'

/** A fault, and the gateway's promise to its caller during and after the fault. */
export interface Row {
  /** The fault in words, for the documentation. */
  readonly what: string
  readonly fault: Fault
  /** The number of attempts that the fault affects. */
  readonly times: number
  /** The number of attempts that succeed before the fault begins. Defaults to 0. */
  readonly spared?: number
  readonly call: Call
  readonly promise: Promised
}

/**
 * The call that the fault affects. `read` is Secrets Manager's `GetSecretValue`, and `write` is its `PutSecretValue`. Before a
 * write without an `Idempotency-Key`, the gateway first reads. Before a read, it calls STS if the credential is a role
 * (`AssumeRole`) or if the environment names its account (`GetCallerIdentity`). If the credential is a role that is assumed with
 * the session of another role, it calls STS twice: `first AssumeRole` and `second AssumeRole`.
 */
export type Call = 'read' | 'write' | 'read before a write' | StsCall

export type StsCall = 'AssumeRole' | 'GetCallerIdentity' | 'first AssumeRole' | 'second AssumeRole'

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
  /** For a write: true if AWS carries it out in the end. */
  readonly isWritten?: boolean
  /** How many seconds, from the end of the fault, requests still fail without an attempt to call AWS. Defaults to 0. */
  readonly pause?: number
}
