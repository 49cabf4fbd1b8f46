import type { components } from './schema.ts'

type Problem = components['schemas']['Problem']

/** A reply that is a problem (RFC 9457): `docs/problems.md` says what each `code` means. Holds no value and no token. */
export class GatewayProblem extends Error {
  override readonly name = 'GatewayProblem'
  /** The kind of problem, for programs. */
  readonly code: Problem['code']
  /** The HTTP status. */
  readonly status: number
  /** By which the gateway's log and audit trail know the request. */
  readonly requestId: string
  /** By which CloudTrail knows the call, where AWS refused it. */
  readonly awsRequestId: string | undefined
  /** Each mistake in an invalid request, with a JSON pointer. */
  readonly errors: NonNullable<Problem['errors']>
  /** Seconds after which another try is worth it. */
  readonly retryAfter: number | undefined

  constructor (problem: Problem, retryAfter: number | undefined) {
    const { title, detail, status, code, requestId, awsRequestId, errors = [] } = problem
    super(`${title}: ${detail}`)
    this.status = status
    this.code = code
    this.requestId = requestId
    this.awsRequestId = awsRequestId
    this.errors = errors
    this.retryAfter = retryAfter
  }
}

/** Nothing answered, or what answered was no gateway. */
export class GatewayUnreachable extends Error {
  override readonly name = 'GatewayUnreachable'
}
