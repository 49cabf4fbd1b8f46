import { AwsError, errors, type AwsErrorType } from '#src/aws-protocol/errors'

/** An error that the caller of STS receives as XML. Its message never contains a key or a token. */
export class StsError extends Error {
  readonly code: string
  /** The HTTP status of the reply. */
  readonly status: number

  constructor (code: string, status: number, message: string) {
    super(message)
    this.name = code
    this.code = code
    this.status = status
  }
}

type Text<Values extends readonly unknown[]> = string | ((...values: Values) => string)

function error<Values extends readonly unknown[] = []> (
  code: string, status: number, text: Text<Values>
): (...values: Values) => StsError {
  return (...values) => new StsError(code, status, typeof text === 'string' ? text : text(...values))
}

/** The errors that only STS returns, in AWS's wording where it is known. */
export const stsErrors = {
  accessDenied: error('AccessDenied', 403, (user: string, action: string, role: string, reason: string) =>
    `User: ${user} is not authorized to perform: sts:${action} on resource: ${role}${reason}`),
  chainedTooLong: error('ValidationError', 400, 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining'),
  durationTooLong: error('ValidationError', 400, 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.'),
  expiredIdentity: error('ExpiredTokenException', 400, (now: number, expires: number) =>
    `Token expired: current date/time ${now} must be before the expiration date/time${expires}`),
  identityNotAJwt: error('InvalidIdentityToken', 400, 'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)'),
  identityOfOtherAudience: error('InvalidIdentityToken', 400, 'Incorrect token audience'),
  identityWithoutClaim: error('InvalidIdentityToken', 400, (claim: string) => `Missing a required claim: ${claim}`),
  identityWithWrongClaim: error('InvalidIdentityToken', 400, (claim: string) => `The ID Token provided has an invalid claim: ${claim}`),
  malformedPolicy: error('MalformedPolicyDocument', 400, 'Syntax errors in policy.'),
  malformedQuery: error('MalformedQueryString', 400, 'The query string contains a syntax error.'),
  noVerificationKey: error('InvalidIdentityToken', 400, 'Couldn\'t retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements'),
  notSupported: error('ValidationError', 400, (parameter: string) => `This STS does not support the parameter ${parameter}.`),
  policyTooLarge: error('PackedPolicyTooLarge', 400, (percent: number) => `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`),
  providerNotFound: error('InvalidIdentityToken', 400, (issuer: string) => `No OpenIDConnect provider found in your account for ${issuer}`),
  providerUnreachable: error('IDPCommunicationError', 400, 'The identity provider could not be reached.'),
  rootAccount: error('AccessDenied', 403, 'Roles may not be assumed by root accounts.'),
  unknownAction: error('InvalidAction', 400, (action: string, version: string) => `Could not find operation ${action} for version ${version}`),
  validation: error('ValidationError', 400, (count: number, texts: readonly string[]) => errors.validation(count, texts).message),
  webIdentityDenied: error('AccessDenied', 403, (action: string) => `Not authorized to perform sts:${action}`)
}

/**
 * The errors that STS shares with Secrets Manager, each with STS's code and status. An entry has a message only if STS words the
 * error differently.
 */
const shared: Partial<Record<AwsErrorType, { code: string, status: number, message?: string }>> = {
  ExpiredTokenException: { code: 'ExpiredToken', status: 403 },
  IncompleteSignatureException: { code: 'IncompleteSignature', status: 400 },
  InvalidSignatureException: { code: 'SignatureDoesNotMatch', status: 403 },
  MissingAuthenticationTokenException: { code: 'MissingAuthenticationToken', status: 403, message: 'Request is missing Authentication Token' },
  RequestEntityTooLarge: { code: 'RequestEntityTooLarge', status: 413 },
  UnrecognizedClientException: { code: 'InvalidClientTokenId', status: 403 }
}

/** Converts a thrown value to an STS error. An unexpected error becomes `InternalFailure`, without its message. */
export function stsErrorFrom (thrown: unknown): StsError {
  if (thrown instanceof StsError) return thrown
  const known = thrown instanceof AwsError ? shared[thrown.type] : undefined
  if (known === undefined || !(thrown instanceof AwsError)) return new StsError('InternalFailure', 500, errors.internal().message)
  return new StsError(known.code, known.status, known.message ?? thrown.message)
}
