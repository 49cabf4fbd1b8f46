// The error class for problem replies, and functions that make other errors safe to log. `catalogue.ts` lists the problems.

import { catalogue, type ProblemCode } from './catalogue.ts'
import type { Failure } from './failure.ts'

export interface RequestError {
  /** The part of the request that contains the error. */
  in: 'body' | 'query' | 'path' | 'header'
  /** A JSON pointer (RFC 6901) into the part that `in` names. It contains no value. */
  pointer: string
  message: string
}

/** An attempt at a call that AWS may have carried out, although the gateway got no reply. */
export interface EarlierAttempt {
  /**
   * The bounds of the time at which the gateway sent the attempt, in milliseconds since the epoch by AWS's clock. Absent if AWS's
   * reply has no date.
   */
  sent?: { earliest: number, latest: number }
}

/** An error of AWS Secrets Manager: its name, its message and the HTTP status of the reply. */
export interface AwsFault {
  type: string
  message: string
  status: number
}

/** The details of one occurrence of a problem. */
export interface ProblemOptions {
  /** An explanation of this occurrence, for the reply. It must not contain a secret's value, a token or a query string. */
  detail?: string
  /** The errors in an invalid request, for the reply. */
  errors?: readonly RequestError[]
  /**
   * The number of errors that were found. It is greater than the length of `errors` if `errors` contains only some of them. If it
   * is at least `maximumErrors`, there may be further errors, because the search may have stopped.
   */
  errorCount?: number
  /** The name of AWS's exception, for the log. */
  awsError?: string
  /**
   * AWS's error, for callers that use AWS's protocol. The message may quote the request, so it is not logged, and not sent to
   * callers of the gateway's own API.
   */
  fault?: AwsFault
  /** AWS's request ID, for the reply and the log. */
  awsRequestId?: string
  /** The `Retry-After` header in seconds. Defaults to the value in the catalogue. */
  retryAfter?: number
  /** The facts about an AWS operation without a usable reply, which the gateway's reply explains. */
  failure?: Failure
  /** Present if AWS refused a repeated write, although it may have carried out an earlier attempt at the same write. */
  earlierAttempt?: EarlierAttempt
  /**
   * True if the request is refused because it can't be recorded in the audit trail. Then the refusal can't be recorded either.
   */
  unrecorded?: true
  /** The reason, only for the log and the audit trail. It is a fixed text that contains nothing from the request. */
  reason?: string
}

/** An expected failure. The reply is a problem document (RFC 9457). Any other thrown error becomes an `internal-error`. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly options: ProblemOptions

  constructor (code: ProblemCode, options: ProblemOptions = {}) {
    // Capturing a stack trace is expensive, and an expected failure doesn't need one.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(options.detail ?? catalogue[code].title)
    Error.stackTraceLimit = stackTraceLimit
    this.code = code
    this.options = options
  }

  get status (): number {
    return catalogue[this.code].status
  }
}

/** Checks whether a thrown value is a problem with the given code. */
export const isProblem = (thrown: unknown, code: ProblemCode): thrown is Problem =>
  thrown instanceof Problem && thrown.code === code

/** The number of errors after which the search for errors stops, because a malicious request could contain a million. */
export const maximumErrors = 100

/** Creates the problem `invalid-request` (status 400). It has at most `maximumErrors` errors, and the number of errors found. */
export function invalidRequest (found: RequestError | readonly RequestError[]): Problem {
  const errors = [found].flat()
  return new Problem('invalid-request', { errors: errors.slice(0, maximumErrors), errorCount: errors.length })
}

/** Returns an error's name and stack trace for the log, without its message, which could quote a secret's value. */
export const withoutMessage = ({ name, stack = '' }: Error): { name: string, at: string[] } =>
  ({ name, at: stack.split('\n').map((line) => line.trim()).filter((line) => line.startsWith('at ')) })

/** Returns Node's error code, such as `ENOENT`, or `an error` if there is none. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'an error'
