// Maps the gateway's problems to AWS's errors, for replies in AWS's protocol.

import { errors, statusOf, type AwsErrorType } from '#src/aws-protocol/errors'
import { signatureErrors } from '#src/aws-protocol/signature-errors'
import { catalogueEntry, type ProblemCode } from '#src/problems/catalogue'
import { failureText } from '#src/problems/failure'
import type { AwsFault, Problem } from '#src/problems/problem'

interface FaultRule {
  /** The type of AWS's error, from which AWS's clients decide which exception to throw and whether to retry. */
  readonly type: AwsErrorType
  /** AWS's own message. Defaults to the gateway's explanation. */
  readonly message?: string
  /**
   * True if an error from AWS is passed on unchanged. The other errors are about the gateway's credential, not the caller's keys.
   * If they were passed on, they would reveal the credential's ARN, and make clients refresh their keys.
   */
  readonly asIs?: true
}

const denied: FaultRule = { type: 'AccessDeniedException' }
const invalid: FaultRule = { type: 'ValidationException', asIs: true }
const unknownOperation: FaultRule = { type: 'UnknownOperationException', message: errors.unknownOperation().message }
/** Clients retry this error, because its status is 500. */
const failed: FaultRule = { type: 'InternalServiceError' }
/** Clients retry this error, because its status is 503. */
const unavailable: FaultRule = { type: 'ServiceUnavailable' }
/** Clients retry this error with backoff. */
const throttled: FaultRule = { type: 'ThrottlingException', asIs: true }
const refused: FaultRule = { type: 'InvalidRequestException', asIs: true }
const notFound: FaultRule = { type: 'ResourceNotFoundException', message: errors.secretNotFound().message, asIs: true }
const noValue: FaultRule = { type: 'ResourceNotFoundException', message: errors.labelNotFound('AWSCURRENT').message, asIs: true }

/** AWS's error for each problem. */
const rules: Readonly<Record<ProblemCode, FaultRule>> = {
  'invalid-request': invalid,
  'malformed-request': { type: 'SerializationException' },
  // If the signature is invalid, the problem's `fault` has a more specific error.
  unauthenticated: { type: 'UnrecognizedClientException', message: signatureErrors.unknownClient().message, asIs: true },
  forbidden: denied,
  'cross-site-request': denied,
  'deletion-protected': denied,
  'aws-access-denied': denied,
  // The environment does not exist, or the caller may not see it. The error is not ResourceNotFoundException, because some
  // clients would then delete their copy of the secret, although the environment's name may only be mistyped.
  'not-found': denied,
  'secret-not-found': notFound,
  'version-not-found': notFound,
  'field-not-found': invalid,
  'not-acceptable': invalid,
  'method-not-allowed': unknownOperation,
  'request-timeout': failed,
  'secret-exists': { type: 'ResourceExistsException', asIs: true },
  'secret-has-no-value': noValue,
  'version-has-no-value': noValue,
  'secret-pending-deletion': { ...refused, message: errors.markedForDeletion().message },
  'secret-has-replicas': { type: 'InvalidParameterException', asIs: true },
  'rotation-in-progress': { ...refused, message: errors.rotationIncomplete().message },
  'idempotency-conflict': { type: 'ResourceExistsException', asIs: true },
  'precondition-not-met': { type: 'PreconditionNotMetException', asIs: true },
  'write-conflict': refused,
  'precondition-failed': refused,
  'value-not-object': invalid,
  'value-not-json': invalid,
  'value-binary': invalid,
  'payload-too-large': { type: 'RequestEntityTooLarge', message: errors.tooLarge().message },
  'uri-too-long': invalid,
  'unsupported-media-type': unknownOperation,
  'expectation-failed': { type: 'SerializationException' },
  'not-all-done': refused,
  'some-failed': refused,
  'cache-disabled': refused,
  'not-taken-back': refused,
  'idempotency-mismatch': refused,
  'idempotency-key-spent': refused,
  'value-needed': refused,
  'aws-refused': refused,
  'aws-limit-exceeded': { type: 'LimitExceededException', asIs: true },
  'rate-limited': throttled,
  'caller-gone': failed,
  'headers-too-large': invalid,
  'internal-error': failed,
  'aws-unavailable': failed,
  'credential-invalid': failed,
  'credential-account-mismatch': failed,
  'kms-failure': { type: 'DecryptionFailure', asIs: true },
  'aws-throttled': throttled,
  'identity-provider-unavailable': unavailable,
  'audit-unavailable': unavailable,
  'shared-state-unavailable': unavailable,
  overloaded: unavailable,
  'aws-timeout': failed
}

const noToken: FaultRule = { type: 'MissingAuthenticationTokenException', message: signatureErrors.missing().message }

/** Returns AWS's error for a problem. */
export function faultOf (problem: Problem): AwsFault {
  const { code, options: { fault, reason } } = problem
  const { type, message, asIs } = reason === 'no-token' ? noToken : rules[code]
  if (asIs && fault !== undefined) return fault
  return { type, message: message ?? explanationOf(problem), status: statusOf(type) }
}

/** Returns the gateway's own explanation of a problem. */
function explanationOf ({ code, status, options: { detail, errors: mistakes = [], failure } }: Problem): string {
  const { title, advice } = catalogueEntry(code)
  if (mistakes.length > 0) return [`${title}:`, ...mistakes.map(({ in: part, pointer, message }) => `${part} ${pointer} ${message}`)].join(' ')
  if (failure !== undefined) return failureText(failure)
  return `${title}. ${status < 500 ? detail ?? advice : advice}`
}
