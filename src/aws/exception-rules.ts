import type { ProblemCode } from '#src/problems/catalogue'
import { Problem, type RequestError } from '#src/problems/problem'

/** The call that failed, for the problem's detail. */
export interface FailedCall {
  operation: string
  credentialId: string
}

interface Rule {
  code: ProblemCode
  /** Uses the rule only if AWS's message matches. The first rule that matches applies. */
  when?: RegExp
  /** True if AWS's message helps the caller, and quotes nothing from the request. */
  quote?: true
  /** The parts of the request that are in error. */
  errors?: readonly RequestError[]
}

const refused: Rule = { code: 'aws-refused', quote: true }
const throttled: readonly Rule[] = [{ code: 'aws-throttled' }]
const credentialInvalid: readonly Rule[] = [{ code: 'credential-invalid' }]
const unavailable: readonly Rule[] = [{ code: 'aws-unavailable' }]
const timedOut: readonly Rule[] = [{ code: 'aws-timeout' }]
const kmsFailure: readonly Rule[] = [{ code: 'kms-failure' }]

/**
 * The rules for AWS's exceptions, by name: AWS reports nearly all of them with HTTP 400, and the SDK has no class for some.
 */
const rules: Readonly<Record<string, readonly Rule[]>> = {
  ResourceNotFoundException: [
    { code: 'version-not-found', when: /specified secret value/ },
    { code: 'secret-not-found' }
  ],
  ResourceExistsException: [
    { code: 'idempotency-conflict', when: /ClientRequestToken/ },
    { code: 'secret-exists' }
  ],
  InvalidRequestException: [
    { code: 'secret-pending-deletion', when: /(marked|scheduled) for deletion|was deleted/ },
    { code: 'rotation-in-progress', when: /previous rotation isn.t complete/ },
    { code: 'version-not-found', when: /VersionStage that is not associated/ },
    refused
  ],
  InvalidParameterException: [refused],
  MalformedPolicyDocumentException: [refused],
  PublicPolicyException: [refused],
  InvalidNextTokenException: [{ code: 'invalid-request', errors: [{ in: 'query', pointer: '/cursor', message: 'is no cursor of this list' }] }],
  // Its message quotes the request.
  ValidationException: [{ code: 'aws-refused' }],
  LimitExceededException: [{ code: 'aws-limit-exceeded', quote: true }],
  // A denial by AWS itself. `problemFrom` handles denials by an IAM policy.
  AccessDeniedException: [{ code: 'aws-refused', when: /cannot invoke the specified Lambda function/, quote: true }],
  PreconditionNotMetException: [{ code: 'precondition-not-met', quote: true }],
  EncryptionFailure: kmsFailure,
  DecryptionFailure: kmsFailure,
  ThrottlingException: throttled,
  Throttling: throttled,
  TooManyRequestsException: throttled,
  RequestLimitExceeded: throttled,
  ExpiredTokenException: credentialInvalid,
  ExpiredToken: credentialInvalid,
  RequestExpired: credentialInvalid,
  InvalidToken: credentialInvalid,
  InvalidAccessKeyId: credentialInvalid,
  NotAuthorized: credentialInvalid,
  OptInRequired: credentialInvalid,
  // Sent by STS if a role can't be assumed. Secrets Manager sends AccessDeniedException instead.
  AccessDenied: credentialInvalid,
  UnrecognizedClientException: credentialInvalid,
  InvalidClientTokenId: credentialInvalid,
  InvalidSignatureException: credentialInvalid,
  SignatureDoesNotMatch: credentialInvalid,
  IncompleteSignature: credentialInvalid,
  MissingAuthenticationTokenException: credentialInvalid,
  CredentialsProviderError: credentialInvalid,
  TokenProviderError: credentialInvalid,
  InternalServiceError: unavailable,
  InternalFailure: unavailable,
  ServiceUnavailable: unavailable,
  TimeoutError: timedOut,
  AbortError: timedOut
}

/** An exception of AWS or the SDK, or the error of one secret in the reply to a batch. */
export interface AwsException {
  name: string
  message: string
  /** Node's error code of a failed connection, and the system call that failed. */
  code?: string
  syscall?: string
  /** The side at fault, according to the SDK. */
  $fault?: 'client' | 'server'
  $metadata?: { requestId?: string }
}

/** Returns true unless AWS's message quotes the request: a value, a token or a name. */
const quotable = (message: string): boolean => !/Value ['"]|ClientRequestToken/.test(message)

/** Returns the problem for an exception of AWS, of the SDK or of the connection. */
export function problemFrom ({ name, message, code, $metadata }: AwsException, { operation, credentialId }: FailedCall): Problem {
  const awsRequestId = $metadata?.requestId
  const about = { awsError: name, ...(awsRequestId !== undefined && { awsRequestId }) }
  const rule = rules[name]?.find(({ when }) => when === undefined || when.test(message))
  if (name === 'AccessDeniedException' && rule === undefined) {
    return new Problem('aws-access-denied', { ...about, detail: `AWS denies ${operation} to the credential ${credentialId}.` })
  }
  // The rest: a failed connection, a reply that AWS has not sent, or an exception that is new in AWS.
  if (rule === undefined) return new Problem('aws-unavailable', { ...about, awsError: code ?? name })
  return new Problem(rule.code, {
    ...about,
    ...(rule.errors !== undefined && { errors: rule.errors }),
    ...(rule.quote && quotable(message) && { detail: message })
  })
}

/** The problems that may disappear by themselves. */
const temporary: ReadonlySet<ProblemCode> = new Set(['aws-throttled', 'aws-timeout', 'aws-unavailable'])

/** The messages about missing keys. */
const missingKeys = /^(?:The variable \w+ is not set$|Could not (?:resolve|load) credentials )/

/** Returns the problem for an exception that occurred while getting or identifying a credential's keys. */
export function credentialProblemFrom (exception: AwsException, credentialId: string): Problem {
  const { name, message, $fault, syscall } = exception
  const problem = problemFrom(exception, { operation: '', credentialId })
  const isRefused = $fault === 'client' || syscall === 'open'
  // Other messages may come from a `credential_process`, and contain its command line or a key.
  const isQuotable = $fault !== undefined || syscall === 'open' || missingKeys.test(message)
  if (temporary.has(problem.code) && !(isRefused && problem.code === 'aws-unavailable')) return problem
  return new Problem('credential-invalid', {
    ...problem.options,
    reason: `the credential ${credentialId}: ${name}${isQuotable && quotable(message) ? `: ${message}` : ''}`
  })
}

/** Returns true if AWS has refused the keys, for example because they have expired. */
export const isKeyRefusal = ({ name }: AwsException): boolean => rules[name] === credentialInvalid

/** Returns true for a bug of our own, which must not be reported as an outage of AWS. */
export const isDefect = (error: unknown): error is TypeError | RangeError =>
  error instanceof TypeError || error instanceof RangeError

/**
 * Returns a member that AWS always sends, although it is optional in AWS's model.
 *
 * @throws Problem `aws-unavailable` if it is missing: the reply is not AWS's
 */
export function required<T> (member: T | undefined): T {
  if (member === undefined) throw new Problem('aws-unavailable', { awsError: 'IncompleteReply' })
  return member
}
