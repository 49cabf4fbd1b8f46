/** The errors of AWS Secrets Manager, under AWS's names and in AWS's words. */
export type AwsErrorType =
  | 'DecryptionFailure'
  | 'IncompleteSignatureException'
  | 'InternalServiceError'
  | 'InvalidNextTokenException'
  | 'InvalidParameterException'
  | 'InvalidRequestException'
  | 'InvalidSignatureException'
  | 'LimitExceededException'
  | 'MissingAuthenticationTokenException'
  | 'RequestEntityTooLarge'
  | 'ResourceExistsException'
  | 'ResourceNotFoundException'
  | 'SerializationException'
  | 'UnknownOperationException'
  | 'UnrecognizedClientException'
  | 'ValidationException'

/** The types that AWS does not answer with status 400. */
const statuses: Partial<Record<AwsErrorType, number>> = { InternalServiceError: 500, RequestEntityTooLarge: 413 }

/** An error that reaches the caller as `{"__type": type, "Message": message}`. Its message never holds a secret's value. */
export class AwsError extends Error {
  readonly type: AwsErrorType
  /** The HTTP status. */
  readonly status: number

  constructor (type: AwsErrorType, message: string) {
    super(message)
    this.name = type
    this.type = type
    this.status = statuses[type] ?? 400
  }
}

const error = (type: AwsErrorType, text: string) => (): AwsError => new AwsError(type, text)

const notFound = (what: string) => `Secrets Manager can't find the specified secret${what}`

/** Every error of the service itself; those of signatures are in signature-errors.ts. */
export const errors = {
  alreadyExists: (name: string): AwsError =>
    new AwsError('ResourceExistsException', `The operation failed because the secret ${name} already exists.`),
  bothValues: error('InvalidParameterException', 'You can\'t specify both a binary secret value and a string secret value in the same secret.'),
  clientRequestTokenInUse: (token: string, arn: string): AwsError =>
    new AwsError('ResourceExistsException', `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${arn}.`),
  clientRequestTokenMissing: error('InvalidRequestException', 'You must provide a ClientRequestToken value. We recommend a UUID-type value.'),
  decryptionFailure: error('DecryptionFailure', 'Secrets Manager can\'t decrypt the protected secret text using the provided KMS key.'),
  duplicateTagKey: (key: string): AwsError => new AwsError('InvalidParameterException', `The tag key '${key}' is given more than once.`),
  forceWithRecoveryWindow: error('InvalidParameterException', 'You can\'t use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.'),
  idsOrFilters: error('InvalidParameterException', 'Either \'SecretIdList\' or \'Filters\' must be provided, but not both.'),
  internal: error('InternalServiceError', 'An error occurred on the server side.'),
  invalidName: error('ValidationException', 'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!'),
  invalidNextToken: error('InvalidNextTokenException', 'The NextToken value is invalid.'),
  labelNotFound: (stage: string): AwsError => new AwsError('ResourceNotFoundException', notFound(` value for staging label: ${stage}`)),
  labelNotOnVersion: error('InvalidRequestException', 'You provided a VersionStage that is not associated to the provided VersionId.'),
  markedForDeletion: error('InvalidRequestException', 'You can\'t perform this operation on the secret because it was marked for deletion.'),
  maxResultsWithoutFilters: error('InvalidParameterException', '\'MaxResults\' and \'NextToken\' can only be used with \'Filters\'.'),
  nameScheduledForDeletion: error('InvalidRequestException', 'You can\'t create this secret because a secret with this name is already scheduled for deletion.'),
  noCharactersLeft: error('InvalidParameterException', 'The password can\'t be generated because all characters are excluded.'),
  noValue: error('InvalidRequestException', 'You must provide either SecretString or SecretBinary.'),
  passwordTooShort: error('InvalidParameterException', 'Password length is too short based on the required types.'),
  recoveryWindowOutOfRange: (min: number, max: number): AwsError =>
    new AwsError('InvalidParameterException', `RecoveryWindowInDays value must be between ${min} and ${max} days (inclusive).`),
  replicationNotOffered: error('InvalidRequestException', 'This Secrets Manager does not replicate secrets to other regions.'),
  secretNotFound: error('ResourceNotFoundException', notFound('.')),
  serialization: (reason: string): AwsError => new AwsError('SerializationException', reason),
  systemTag: (key: string): AwsError => new AwsError('InvalidParameterException', `You can't modify system tags. Tag key: '${key}'.`),
  tagKeyMissing: error('InvalidParameterException', 'A tag must have a key.'),
  tooLarge: error('RequestEntityTooLarge', 'The request is too large.'),
  tooManyLabels: (max: number): AwsError => new AwsError('LimitExceededException', `A secret can't have more than ${max} staging labels.`),
  tooManyTags: (max: number): AwsError => new AwsError('InvalidParameterException', `A secret can't have more than ${max} tags.`),
  unknownOperation: error('UnknownOperationException', 'The operation is unknown.'),
  validation: (found: readonly string[]): AwsError =>
    new AwsError('ValidationException', `${found.length} validation error${found.length === 1 ? '' : 's'} detected: ${found.join('; ')}`),
  versionNotFound: (versionId: string): AwsError => new AwsError('ResourceNotFoundException', notFound(` value for VersionId: ${versionId}`))
}
