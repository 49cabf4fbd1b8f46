import type { AwsError, AwsErrorType } from '#src/aws-protocol/errors'
import type { ProblemCode } from '#src/problems/catalogue'
import { Problem } from '#src/problems/problem'

/** The gateway's problem for each error of the protocol itself. The log and the audit trail show the problem. */
const codes: Partial<Record<AwsErrorType, ProblemCode>> = {
  ExpiredTokenException: 'unauthenticated',
  IncompleteSignatureException: 'unauthenticated',
  InvalidSignatureException: 'unauthenticated',
  MissingAuthenticationTokenException: 'unauthenticated',
  UnrecognizedClientException: 'unauthenticated',
  RequestEntityTooLarge: 'payload-too-large',
  ResourceNotFoundException: 'secret-not-found'
}

/** Returns the problem for an error of AWS's protocol. Callers that use the protocol get the error itself. */
export function problemOf ({ type, message, status }: AwsError, reason?: string): Problem {
  return new Problem(codes[type] ?? 'invalid-request', { fault: { type, message, status }, ...reason !== undefined && { reason } })
}
