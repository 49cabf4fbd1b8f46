/**
 * Every problem that the gateway answers with (RFC 9457), in one catalogue. `docs/problems.md` is generated from it.
 */

interface CatalogueEntry {
  /** The HTTP status. */
  status: number
  /** What kind of problem this is; the same for every occurrence. */
  title: string
  /** What the caller can do about it. */
  advice: string
  /** Seconds after which another try is worth it (`Retry-After`). */
  retryAfter?: number
}

export const catalogue = {
  'invalid-request': {
    status: 400,
    title: 'The request is invalid',
    advice: '`errors` has a JSON pointer and a message for each mistake.'
  },
  'malformed-request': {
    status: 400,
    title: 'The request is not well-formed HTTP',
    advice: 'Check the request line, the percent-encoding of the path and the headers.'
  },
  unauthenticated: {
    status: 401,
    title: 'No valid token was presented',
    advice: 'Send `Authorization: Bearer <token>` with a token that has not expired.'
  },
  forbidden: {
    status: 403,
    title: 'The caller may not do this',
    advice: 'Ask the platform team for the right, or use another `AWS-Credential-Id`.'
  },
  'deletion-protected': {
    status: 403,
    title: 'The environment is protected against deletion without recovery',
    advice: 'Delete without `force`: the secret can then be restored until its recovery window ends.'
  },
  'aws-access-denied': {
    status: 403,
    title: 'AWS denies this to the credential',
    advice: 'The IAM policy of the named credential lacks the named operation on this secret or its KMS key.'
  },
  'not-found': {
    status: 404,
    title: 'There is no such resource',
    advice: 'Check the path; an environment that the caller may not see is answered in the same way.'
  },
  'secret-not-found': {
    status: 404,
    title: 'There is no such secret',
    advice: 'Check the name, the environment and the credential; `/` in a name is written `%2F`.'
  },
  'version-not-found': {
    status: 404,
    title: 'The secret has no such version',
    advice: '`GET …/versions` shows the versions that there are.'
  },
  'field-not-found': {
    status: 404,
    title: 'The value has no such field',
    advice: '`field` names a key of a value that is a JSON object.'
  },
  'not-acceptable': {
    status: 406,
    title: 'The value has no such representation',
    advice: 'A binary value is `application/octet-stream` or, in base64, `application/json`.'
  },
  'method-not-allowed': {
    status: 405,
    title: 'The resource has no such method',
    advice: '`Allow` names the methods that it has.'
  },
  'request-timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    advice: 'Send it again, faster.'
  },
  'secret-exists': {
    status: 409,
    title: 'The secret exists already',
    advice: 'PUT writes a new version of it.'
  },
  'secret-has-no-value': {
    status: 409,
    title: 'The secret is a placeholder and has no value yet',
    advice: 'PUT gives it its first value.'
  },
  'secret-pending-deletion': {
    status: 409,
    title: 'The secret is scheduled for deletion',
    advice: '`POST …/restore` brings it back.'
  },
  'rotation-in-progress': {
    status: 409,
    title: 'A rotation of the secret is under way',
    advice: 'Wait for it to finish.'
  },
  'idempotency-conflict': {
    status: 409,
    title: 'The idempotency key was used with another value',
    advice: 'Use a new `Idempotency-Key` for a new write.'
  },
  'precondition-not-met': {
    status: 409,
    title: 'AWS reports that a precondition is not met',
    advice: 'Look at the state of the secret with `GET …/metadata`.'
  },
  'write-conflict': {
    status: 409,
    title: 'Other writers keep changing the secret',
    advice: 'Try again in a moment; nothing was written.',
    retryAfter: 1
  },
  'precondition-failed': {
    status: 412,
    title: 'The secret is not in the state that the request asks for',
    advice: 'Read it again: another writer was there, or `If-Match` and `If-None-Match` say otherwise than it is.'
  },
  'value-not-object': {
    status: 409,
    title: 'The value is no JSON object',
    advice: 'Single keys can be changed only of a value that is a JSON object; PUT replaces any value.'
  },
  'payload-too-large': {
    status: 413,
    title: 'The body is too large',
    advice: 'A value holds 65,536 bytes; split a bulk request.'
  },
  'uri-too-long': {
    status: 414,
    title: 'The path is too long',
    advice: 'A name has at most 512 characters, the prefix of its environment included.'
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body has a media type or a coding that is not taken here',
    advice: 'Send `application/json` in UTF-8, without `Content-Encoding`.'
  },
  'expectation-failed': {
    status: 417,
    title: 'The request expects what the gateway does not offer',
    advice: 'The one expectation that there is is `100-continue`.'
  },
  'aws-refused': {
    status: 422,
    title: 'AWS refuses the request',
    advice: 'Where AWS says why, `detail` says it too.'
  },
  'aws-limit-exceeded': {
    status: 422,
    title: 'A quota of AWS Secrets Manager is used up',
    advice: 'Repeating the request does not help: remove something, or have the quota raised.'
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    advice: 'Send fewer or shorter headers.'
  },
  'internal-error': {
    status: 500,
    title: 'The gateway failed',
    advice: 'Tell the platform team the `requestId`.'
  },
  'aws-unavailable': {
    status: 502,
    title: 'AWS Secrets Manager failed or could not be reached',
    advice: 'Try again later.'
  },
  'credential-invalid': {
    status: 502,
    title: 'AWS does not accept the credential',
    advice: 'It has expired, is unknown, or signs wrongly: have the platform team look at its configuration.'
  },
  'kms-failure': {
    status: 502,
    title: 'AWS could not use the KMS key',
    advice: 'Check that the KMS key exists, is enabled and may be used by the credential.'
  },
  'aws-throttled': {
    status: 503,
    title: 'AWS throttles the requests of this account',
    advice: 'Wait as long as `Retry-After` says.',
    retryAfter: 2
  },
  'aws-timeout': {
    status: 504,
    title: 'AWS did not answer in time',
    advice: 'The outcome of a write is unknown: repeat it with the same `Idempotency-Key`.'
  }
} as const satisfies Record<string, CatalogueEntry>

export type ProblemCode = keyof typeof catalogue

/** The catalogue's entry of a code, by its general type. */
export const catalogueEntry = (code: ProblemCode): CatalogueEntry => catalogue[code]

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
