import type { ProblemCode } from '#src/problems/catalogue'
import { Problem, type RequestError } from '#src/problems/problem'

/** What was called, for the problem's words. */
export interface Call {
  operation: string
  credentialId: string
}

interface Rule {
  code: ProblemCode
  /** Of several rules for a name, the first whose pattern AWS's message matches. */
  when?: RegExp
  /** Whether AWS's own message tells the caller something, and quotes nothing that was sent. */
  quote?: true
  /** Which part of the request it is about. */
  errors?: readonly RequestError[]
}

const refused: Rule = { code: 'aws-refused', quote: true }
const throttled: readonly Rule[] = [{ code: 'aws-throttled' }]
const credentialInvalid: readonly Rule[] = [{ code: 'credential-invalid' }]
const unavailable: readonly Rule[] = [{ code: 'aws-unavailable' }]
const timedOut: readonly Rule[] = [{ code: 'aws-timeout' }]
const kmsFailure: readonly Rule[] = [{ code: 'kms-failure' }]

/**
 * From AWS's exceptions to problems, by name: AWS answers nearly all of them with HTTP 400, and some have no class in the SDK.
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
  // Quotes what was sent.
  ValidationException: [{ code: 'aws-refused' }],
  LimitExceededException: [{ code: 'aws-limit-exceeded', quote: true }],
  // AWS's own; what an IAM policy denies is told apart below, by the credential.
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
  // STS's, where a profile's role can't be assumed; Secrets Manager's own is AccessDeniedException.
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

/** What AWS or the SDK says went wrong; in a batch's reply AWS gives it for single secrets. */
export interface AwsException {
  name: string
  message: string
  /** Node's code of a failed connection, and what it was about. */
  code?: string
  syscall?: string
  /** Who is to blame, in the SDK's view of what AWS has required. */
  $fault?: 'client' | 'server'
  $metadata?: { requestId?: string }
}

/** AWS's account of it, unless it quotes what was sent: a value, a token, a name. */
const quotable = (message: string): boolean => !/Value ['"]|ClientRequestToken/.test(message)

/** The problem that an exception of AWS, of the SDK or of the connection stands for. */
export function problemFrom ({ name, message, code, $metadata }: AwsException, { operation, credentialId }: Call): Problem {
  const awsRequestId = $metadata?.requestId
  const about = { awsError: name, ...(awsRequestId !== undefined && { awsRequestId }) }
  const rule = rules[name]?.find(({ when }) => when === undefined || when.test(message))
  if (name === 'AccessDeniedException' && rule === undefined) {
    return new Problem('aws-access-denied', { ...about, detail: `AWS denies ${operation} to the credential ${credentialId}.` })
  }
  // What is left is a failed connection, a reply that is none of AWS's, or an exception that AWS has added since.
  if (rule === undefined) return new Problem('aws-unavailable', { ...about, awsError: code ?? name })
  return new Problem(rule.code, {
    ...about,
    ...(rule.errors !== undefined && { errors: rule.errors }),
    ...(rule.quote && quotable(message) && { detail: message })
  })
}

/** What another try may mend, though nothing is changed. */
const passing: ReadonlySet<ProblemCode> = new Set(['aws-throttled', 'aws-timeout', 'aws-unavailable'])

/** What is said of keys that are not where they should be. */
const withoutKeys = /^(?:The variable \w+ is not set$|Could not (?:resolve|load) credentials )/

/** The problem with getting a credential's keys, or with learning whose they are. */
export function credentialProblemFrom (exception: AwsException, credentialId: string): Problem {
  const { name, message, $fault, syscall } = exception
  const problem = problemFrom(exception, { operation: '', credentialId })
  const isRefused = $fault === 'client' || syscall === 'open'
  // What else is said may be by a program that gives keys, and hold its command line or a key.
  const isTellable = $fault !== undefined || syscall === 'open' || withoutKeys.test(message)
  if (passing.has(problem.code) && !(isRefused && problem.code === 'aws-unavailable')) return problem
  return new Problem('credential-invalid', {
    ...problem.options,
    reason: `the credential ${credentialId}: ${name}${isTellable && quotable(message) ? `: ${message}` : ''}`
  })
}

/** Whether it says that AWS does not take the keys, or not any more. */
export const isOfKeys = ({ name }: AwsException): boolean => rules[name] === credentialInvalid

/** What is thrown by a mistake of our own, and must not pass for AWS's being away. */
export const isDefect = (error: unknown): error is TypeError | RangeError =>
  error instanceof TypeError || error instanceof RangeError

/**
 * A member that AWS always sends, though its model does not say so.
 *
 * @throws Problem `aws-unavailable` where it is missing: what required is not AWS
 */
export function required<T> (member: T | undefined): T {
  if (member === undefined) throw new Problem('aws-unavailable', { awsError: 'IncompleteReply' })
  return member
}
