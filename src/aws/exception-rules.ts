import { fetchPause } from '#src/credentials/refreshing-cache'
import type { ProblemCode } from '#src/problems/catalogue'
import { Problem, type RequestError } from '#src/problems/problem'
import { deniedPermission } from './denial.ts'

/** The facts about a failed call that the problem's detail mentions. */
export interface FailedCall {
  operation: string
  /** The ID of the credential. Absent if the caller must not learn it. */
  credentialId?: string
  /** The input of the SDK's command. */
  input?: object
}

interface Rule {
  code: ProblemCode
  /** The rule applies only if AWS's message matches this expression. If several rules apply, the first one is used. */
  when?: RegExp
  /** True if AWS's message is useful to the caller. The message is passed on only if it is also `quotable`. */
  quote?: true
  /** The errors in the problem, each for one part of the request. */
  errors?: readonly RequestError[]
}

const refused: Rule = { code: 'aws-refused', quote: true }
const throttled: readonly Rule[] = [{ code: 'aws-throttled' }]
const credentialInvalid: readonly Rule[] = [{ code: 'credential-invalid' }]
const unavailable: readonly Rule[] = [{ code: 'aws-unavailable' }]
const timedOut: readonly Rule[] = [{ code: 'aws-timeout' }]
const kmsFailure: readonly Rule[] = [{ code: 'kms-failure' }]

/**
 * The rules for AWS's exceptions, keyed by the exception's name. Neither the HTTP status nor the SDK's class can be the key,
 * because AWS reports nearly all exceptions with status 400, and the SDK has no class for some of them.
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
    { code: 'secret-pending-deletion', when: /(?<!not )(marked|scheduled) for deletion|was deleted/ },
    { code: 'rotation-in-progress', when: /previous rotation isn.t complete/ },
    { code: 'version-not-found', when: /VersionStage that is not associated/ },
    refused
  ],
  InvalidParameterException: [{ code: 'secret-has-replicas', when: /still has replica regions/ }, refused],
  MalformedPolicyDocumentException: [refused],
  PublicPolicyException: [refused],
  InvalidNextTokenException: [{ code: 'invalid-request', errors: [{ in: 'query', pointer: '/cursor', message: 'is no cursor of this list' }] }],
  // AWS's message is not passed on, because it quotes the request.
  ValidationException: [{ code: 'aws-refused' }],
  LimitExceededException: [{ code: 'aws-limit-exceeded', quote: true }],
  // This denial does not come from an IAM policy: Secrets Manager itself isn't allowed to invoke the rotation function.
  // `problemFrom` handles the denials that come from IAM policies.
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
  // STS sends AccessDenied if a role can't be assumed. Secrets Manager's own denials are named AccessDeniedException.
  AccessDenied: credentialInvalid,
  UnrecognizedClientException: credentialInvalid,
  InvalidClientTokenId: credentialInvalid,
  InvalidSignatureException: credentialInvalid,
  SignatureDoesNotMatch: credentialInvalid,
  IncompleteSignature: credentialInvalid,
  MissingAuthenticationTokenException: credentialInvalid,
  CredentialsProviderError: [{ code: 'aws-unavailable', when: /^Invalid response from STS/ }, ...credentialInvalid],
  TokenProviderError: credentialInvalid,
  InternalServiceError: unavailable,
  InternalFailure: unavailable,
  ServiceUnavailable: unavailable,
  TimeoutError: timedOut,
  AbortError: timedOut
}

/** An exception from AWS or the SDK, or the error for one secret in the response to a batch request. */
export interface AwsException {
  name: string
  message: string
  /** Node's error code of a failed connection or file access, and the system call that failed. */
  code?: string
  syscall?: string
  /** The errors for each address of the host, if Node.js has tried several. The error itself then has no `syscall`. */
  errors?: readonly AwsException[]
  /** The side that caused the error, according to the SDK. */
  $fault?: 'client' | 'server'
  $metadata?: { requestId?: string, httpStatusCode?: number }
  /** The HTTP response, if there was one. */
  $response?: { statusCode?: number, headers?: Readonly<Record<string, string>> }
}

/** Returns true unless AWS's message quotes the request, for example a secret's value, a token or a name. */
const quotable = (message: string): boolean => !/Value ['"]|ClientRequestToken/.test(message)

/** Problems that may go away by themselves. */
const temporary: ReadonlySet<ProblemCode> = new Set(['aws-throttled', 'aws-timeout', 'aws-unavailable'])

/** The longest `Retry-After` that is passed on, in seconds. */
const longestWait = 24 * 60 * 60

/** Returns the `Retry-After` of a response in seconds. The header contains either seconds or a date. */
export function retryAfterOf ({ $response }: AwsException): { retryAfter?: number } {
  const text = $response?.headers?.['retry-after'] ?? ''
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - Date.now()) / 1000)
  return seconds >= 0 ? { retryAfter: Math.min(seconds, longestWait) } : {}
}

/** Returns true for a connection that broke off. The SDK gives such an error the same name as an exceeded timeout. */
export const isBrokenOff = ({ code }: AwsException): boolean => code === 'ECONNRESET' || code === 'EPIPE'

/** Returns the problem for an exception from AWS or the SDK, or for a failed connection. */
export function problemFrom (exception: AwsException, call: FailedCall): Problem {
  const { name, message, code, $metadata } = exception
  const awsRequestId = $metadata?.requestId
  const about = {
    awsError: name,
    fault: { type: name, message, status: $metadata?.httpStatusCode ?? 400 },
    ...(awsRequestId !== undefined && { awsRequestId })
  }
  const rule = isBrokenOff(exception) ? undefined : rules[name]?.find(({ when }) => when === undefined || when.test(message))
  if (name === 'AccessDeniedException' && rule === undefined) {
    const credential = call.credentialId === undefined ? 'the credential that was used' : `the credential ${call.credentialId}`
    return new Problem('aws-access-denied', { ...about, detail: `AWS denies ${deniedPermission(message, call)} to ${credential}.` })
  }
  // No rule applies if the connection failed, if something other than AWS replied, or if AWS has introduced a new exception.
  if (rule === undefined) return new Problem('aws-unavailable', { ...about, awsError: code ?? name, ...retryAfterOf(exception) })
  return new Problem(rule.code, {
    ...about,
    ...(temporary.has(rule.code) && retryAfterOf(exception)),
    ...(rule.errors !== undefined && { errors: rule.errors }),
    ...(rule.quote && quotable(message) && { detail: message })
  })
}

/** The SDK's name for an error reply of STS without an error code. STS always sends a code, so the reply comes from a proxy. */
const nameless = 'Unknown'

/** Matches messages about missing keys. They contain nothing confidential. */
const missingKeys = /^(?:The variable \w+ is not set$|Could not (?:resolve|load) credentials )/

/**
 * Returns the problem for an exception that was thrown while the gateway was getting a credential's keys, or asking STS which
 * identity the keys belong to.
 */
export function credentialProblemFrom (exception: AwsException, credentialId: string): Problem {
  const { name, message, $fault, syscall } = exception
  const problem = problemFrom(exception, { operation: '' })
  const isRefused = ($fault === 'client' && name !== nameless) || syscall === 'open'
  // AWS's messages, messages about a file that can't be opened, and messages about missing keys are safe to quote. Other messages
  // may come from a `credential_process`, and contain its command line or a key.
  const isQuotable = $fault !== undefined || syscall === 'open' || missingKeys.test(message)
  if (temporary.has(problem.code) && !(isRefused && problem.code === 'aws-unavailable')) {
    // During this pause, requests don't start another attempt, so the caller should not retry sooner.
    const retryAfter = Math.max(fetchPause / 1_000, problem.options.retryAfter ?? 0)
    return new Problem(problem.code, { ...problem.options, retryAfter })
  }
  return new Problem('credential-invalid', {
    ...problem.options,
    reason: `the credential ${credentialId}: ${name}${isQuotable && quotable(message) ? `: ${message}` : ''}`
  })
}

/** Returns true if AWS refused the keys, for example because they have expired. */
export const isKeyRefusal = ({ name }: AwsException): boolean => rules[name] === credentialInvalid

/**
 * Returns true for an error that a bug in the gateway caused. It must not be reported as an AWS outage. The SDK throws the same
 * classes for a reply whose members have unexpected types, but such an error has the response as `$response`.
 */
export const isDefect = (error: unknown): error is TypeError | RangeError =>
  (error instanceof TypeError || error instanceof RangeError) && !('$response' in error)

/**
 * Returns a member of AWS's response. AWS always sends it, although AWS's model declares it optional.
 *
 * @throws Problem `aws-unavailable` if the member is missing, because AWS would not send such a response
 */
export function required<T> (member: T | undefined): T {
  if (member === undefined) throw new Problem('aws-unavailable', { awsError: 'IncompleteReply' })
  return member
}
