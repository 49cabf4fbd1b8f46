import type { components } from './schema.ts'

type Problem = components['schemas']['Problem']

/**
 * An error reply of the gateway (a problem document, RFC 9457). `docs/problems.md` explains each `code`. The error contains
 * neither a secret's value nor a token.
 */
export class GatewayProblem extends Error {
  override readonly name = 'GatewayProblem'
  /** The problem in a few words. It is the same for every occurrence. */
  readonly title: string
  /** Details of this occurrence, or advice. */
  readonly detail: string
  /** The machine-readable kind of problem. */
  readonly code: Problem['code']
  /** The HTTP status. */
  readonly status: number
  /** The request's ID in the gateway's log and audit trail. */
  readonly requestId: string
  /** AWS's ID of the call that failed, as in CloudTrail; undefined if the problem does not come from AWS. */
  readonly awsRequestId: string | undefined
  /** The errors in an invalid request, each with a JSON pointer to its location. The gateway reports at most 100. */
  readonly errors: NonNullable<Problem['errors']>
  /** The number of errors that were found in an invalid request. If it is 100 or more, there may be further errors. */
  readonly errorCount: number
  /** Seconds to wait before another attempt, from the header `Retry-After`. */
  readonly retryAfter: number | undefined

  constructor (problem: Problem, retryAfter: number | undefined) {
    const { title, detail, status, code, requestId, awsRequestId, errors = [], errorCount = errors.length } = problem
    super(`${title}: ${detail}`)
    this.title = title
    this.detail = detail
    this.status = status
    this.code = code
    this.requestId = requestId
    this.awsRequestId = awsRequestId
    this.errors = errors
    this.errorCount = errorCount
    this.retryAfter = retryAfter
  }
}

/** A failed connection, or a reply that did not come from a gateway. */
export class GatewayUnreachable extends Error {
  override readonly name = 'GatewayUnreachable'
  /** True if the connection failed or broke, so another attempt may succeed; false if the reply did not come from a gateway. */
  readonly isTemporary: boolean
  /** The HTTP status of an error reply that did not come from a gateway, such as a proxy's; otherwise undefined. */
  readonly status: number | undefined

  constructor (
    message: string, { isTemporary = false, status, ...options }: ErrorOptions & { isTemporary?: boolean, status?: number } = {}
  ) {
    super(message, options)
    this.isTemporary = isTemporary
    this.status = status
  }
}
