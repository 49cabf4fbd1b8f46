// What the gateway throws when it must answer with a problem, and what may be told of other errors. Which problems there are is
// in `catalogue.ts`.

import { catalogue, type ProblemCode } from './catalogue.ts'

/** One mistake in a request. */
export interface RequestError {
  /** Which part of the request it is in. */
  in: 'body' | 'query' | 'path' | 'header'
  /** A JSON pointer (RFC 6901) into that part; never holds a value. */
  pointer: string
  message: string
}

export interface ProblemOptions {
  /** What is special about this occurrence. Must not hold a value, a token or a query string. */
  detail?: string
  errors?: readonly RequestError[]
  /** AWS's name for the exception, for the log. */
  awsError?: string
  awsRequestId?: string
  /** Seconds after which another try is worth it, where that is not the catalogue's. */
  retryAfter?: number
  /** Why, for the log and the audit trail alone: a word of ours or of a library, and nothing that was sent. */
  reason?: string
}

/** An expected failure, answered as `application/problem+json`. Everything else that is thrown becomes an `internal-error`. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly options: ProblemOptions

  constructor (code: ProblemCode, options: ProblemOptions = {}) {
    super(options.detail ?? catalogue[code].title)
    this.code = code
    this.options = options
  }

  get status (): number {
    return catalogue[this.code].status
  }
}

/** Whether something that was thrown is a problem of this kind. */
export const isProblem = (thrown: unknown, code: ProblemCode): thrown is Problem =>
  thrown instanceof Problem && thrown.code === code

/** Enough to mend a request by; a hostile one could have a million. */
const maximumErrors = 100

/** A 400 with the mistakes that a request has. */
export const invalidRequest = (...errors: readonly RequestError[]): Problem =>
  new Problem('invalid-request', { errors: errors.slice(0, maximumErrors) })

/** What a log may hold of an unexpected error: what it is and where it was thrown. Its message could quote a value. */
export const withoutMessage = ({ name, stack = '' }: Error): { name: string, at: string[] } =>
  ({ name, at: stack.split('\n').map((line) => line.trim()).filter((line) => line.startsWith('at ')) })

/** Node's code of a failed system call. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'an error'
