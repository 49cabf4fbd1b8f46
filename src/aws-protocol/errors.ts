/** The error types of AWS Secrets Manager, under AWS's names. */
export type AwsErrorType =
  | 'AccessDeniedException'
  | 'DecryptionFailure'
  | 'EncryptionFailure'
  | 'ExpiredTokenException'
  | 'IncompleteSignatureException'
  | 'InternalServiceError'
  | 'InvalidNextTokenException'
  | 'InvalidParameterException'
  | 'InvalidRequestException'
  | 'InvalidSignatureException'
  | 'LimitExceededException'
  | 'MalformedPolicyDocumentException'
  | 'MissingAuthenticationTokenException'
  | 'PreconditionNotMetException'
  | 'PublicPolicyException'
  | 'RequestEntityTooLarge'
  | 'ResourceExistsException'
  | 'ResourceNotFoundException'
  | 'SerializationException'
  | 'ServiceUnavailable'
  | 'ThrottlingException'
  | 'UnknownOperationException'
  | 'UnrecognizedClientException'
  | 'ValidationException'

/** The HTTP statuses of the error types whose status isn't 400. */
const statuses: Partial<Record<AwsErrorType, number>> = {
  InternalServiceError: 500, RequestEntityTooLarge: 413, ServiceUnavailable: 503
}

export const statusOf = (type: AwsErrorType): number => statuses[type] ?? 400

/** An error that the caller receives as `{"__type": type, "Message": message}`. Its message never contains a secret's value. */
export class AwsError extends Error {
  readonly type: AwsErrorType
  /** The HTTP status of the reply. */
  readonly status: number

  constructor (type: AwsErrorType, message: string) {
    super(message)
    this.name = type
    this.type = type
    this.status = statusOf(type)
  }
}

/** Returns a factory for errors of one type. The message is either fixed or built from the factory's arguments. */
export function error<Values extends readonly unknown[] = []> (
  type: AwsErrorType, text: string | ((...values: Values) => string)
): (...values: Values) => AwsError {
  return (...values) => new AwsError(type, typeof text === 'string' ? text : text(...values))
}

const notFound = (what: string) => `Secrets Manager can't find the specified secret${what}`

/** All errors of the service itself. Errors that concern signatures are in `signature-errors.ts`. */
export const errors = {
  accessDenied: error('AccessDeniedException', (user: string, action: string, resource: string | undefined, reason: string) => {
    const on = resource === undefined ? '' : ` on resource: ${resource}`
    return `User: ${user} is not authorized to perform: ${action}${on} ${reason}`
  }),
  alreadyExists: error('ResourceExistsException', (name: string) => `The operation failed because the secret ${name} already exists.`),
  bothValues: error('InvalidParameterException', 'You can\'t specify both a binary secret value and a string secret value in the same secret.'),
  clientRequestTokenInUse: error('ResourceExistsException', (token: string, arn: string) => `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${arn}.`),
  clientRequestTokenMissing: error('InvalidRequestException', 'You must provide a ClientRequestToken value. We recommend a UUID-type value.'),
  crossAccountPrimaryInvalid: error('InvalidParameterException', 'The CrossAccountPrimaryARN must be the ARN of a secret in the same Region of another account.'),
  crossAccountPrimaryNotOwned: error('InvalidParameterException', 'Operation not permitted on a secret of another account. Call must be made by the account that owns the primary secret.'),
  crossAccountReplicaInvalid: error('InvalidParameterException', 'The CrossAccountReplicaARN must be the ARN of a secret in the same Region of another account.'),
  crossAccountReplicaLeft: error('InvalidRequestException', (arn: string) => `You can't delete secret ${arn} that still has a cross-account replica. Call DisassociateCrossAccountReplica first.`),
  crossAccountReplicaNotChangeable: error('InvalidParameterException', 'Operation not permitted on a cross-account replica secret. Call StopReplicationToReplica first, or change the primary secret.'),
  crossAccountReplicaOfOther: error('InvalidRequestException', 'The secret is not a cross-account replica of this primary secret.'),
  crossAccountReplicaUnknown: error('ResourceNotFoundException', 'The primary secret has no cross-account replica with this ARN.'),
  currentNotRemovable: error('InvalidParameterException', 'You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed.'),
  daysAndSchedule: error('InvalidParameterException', 'You cannot specify both rotation frequency and schedule expression together.'),
  decryptionFailure: error('DecryptionFailure', 'Secrets Manager can\'t decrypt the protected secret text using the provided KMS key.'),
  duplicateTagKey: error('InvalidParameterException', (key: string) => `The tag key '${key}' is given more than once.`),
  externalRotationNotOffered: error('InvalidRequestException', 'This Secrets Manager does not rotate managed external secrets.'),
  encryptionFailure: error('EncryptionFailure', 'Secrets Manager can\'t encrypt the protected secret text using the provided KMS key. Check that the KMS key is available, enabled, and not in an invalid state.'),
  filterIncomplete: error('InvalidParameterException', 'A filter must have a Key and Values.'),
  forceWithRecoveryWindow: error('InvalidParameterException', 'You can\'t use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.'),
  functionNotInvokable: error('AccessDeniedException', 'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.'),
  idsOrFilters: error('InvalidParameterException', 'Either \'SecretIdList\' or \'Filters\' must be provided, but not both.'),
  internal: error('InternalServiceError', 'An error occurred on the server side.'),
  invalidDuration: error('InvalidParameterException', (reason: string) => `The Duration is invalid: ${reason}.`),
  invalidKmsKey: error('InvalidParameterException', (reason: string) => `The operation failed because of an invalid KMS key: ${reason}`),
  invalidName: error('ValidationException', 'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!'),
  invalidNextToken: error('InvalidNextTokenException', 'The NextToken value is invalid.'),
  invalidSchedule: error('InvalidParameterException', (reason: string) => `The ScheduleExpression is invalid: ${reason}.`),
  invalidReplicaRegion: error('InvalidParameterException', 'Invalid replica region.'),
  kmsNotAllowed: error('AccessDeniedException', 'Access to KMS is not allowed'),
  labelNotFound: error('ResourceNotFoundException', (stage: string) => notFound(` value for staging label: ${stage}`)),
  labelNotOnRemovedFrom: error('InvalidParameterException', (stage: string, versionId: string) => `Staging label ${stage} is not attached to version ${versionId}, which RemoveFromVersionId names.`),
  labelNotOnVersion: error('InvalidRequestException', 'You provided a VersionStage that is not associated to the provided VersionId.'),
  malformedPolicy: error('MalformedPolicyDocumentException', 'This policy has invalid syntax.'),
  managedKeyOfOtherAccount: error('InvalidRequestException', 'You can\'t access a secret from a different AWS account if you encrypt the secret with the default KMS service key.'),
  managedByService: error('InvalidRequestException', 'The secret is managed by another service, and you must use that service to update it.'),
  markedForDeletion: error('InvalidRequestException', 'You can\'t perform this operation on the secret because it was marked for deletion.'),
  maxResultsWithoutFilters: error('InvalidParameterException', '\'MaxResults\' and \'NextToken\' can only be used with \'Filters\'.'),
  memberNotOffered: error('InvalidParameterException', (member: string) => `This Secrets Manager does not support ${member}.`),
  nameScheduledForDeletion: error('InvalidRequestException', 'You can\'t create this secret because a secret with this name is already scheduled for deletion.'),
  nameTakenInRegion: error('ResourceExistsException', (name: string, region: string) => `Secret name ${name} already exists in region ${region}.`),
  noCharactersLeft: error('InvalidParameterException', 'The password can\'t be generated because all characters are excluded.'),
  noFilters: error('InvalidParameterException', 'At least one filter must be given.'),
  noRotationFunction: error('InvalidRequestException', 'No Lambda rotation function ARN is associated with this secret.'),
  noVersionToMoveTo: error('InvalidParameterException', 'You must provide MoveToVersionId, RemoveFromVersionId, or both.'),
  notReplica: error('InvalidParameterException', 'Operation not permitted on a secret that is not a replica. Call must be made in replica secret\'s region.'),
  noValue: error('InvalidRequestException', 'You must provide either SecretString or SecretBinary.'),
  passwordTooShort: error('InvalidParameterException', 'Password length is too short based on the required types.'),
  policyNotChangeable: error('InvalidParameterException', 'You can only attach, change or delete the default resource policy.'),
  policyNotFound: error('ResourceNotFoundException', 'Secrets Manager can\'t find the specified resource policy.'),
  publicPolicy: error('PublicPolicyException', 'You can\'t attach a resource-based policy that allows broad access to the secret.'),
  recoveryWindowOutOfRange: error('InvalidParameterException', (min: number, max: number) => `RecoveryWindowInDays value must be between ${min} and ${max} days (inclusive).`),
  removeFromMissing: error('InvalidParameterException', (stage: string, versionId: string) => `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${versionId}, so you must explicitly reference that version in RemoveFromVersionId.`),
  replicaMustStartEmpty: error('InvalidParameterException', (member: string) => `You can't use ${member} in conjunction with CrossAccountPrimaryARN.`),
  replicaNeedsKmsKey: error('InvalidParameterException', 'You must provide a customer managed KMS key for a cross-account replica secret.'),
  replicaNotChangeable: error('InvalidParameterException', 'Operation not permitted on a replica secret. Call must be made in primary secret\'s region.'),
  replicasLeft: error('InvalidParameterException', (arn: string, regions: readonly string[]) => `You can't delete secret ${arn} that still has replica regions [${regions.join(', ')}].`),
  roleOfOtherAccount: error('InvalidParameterException', 'The ReplicationRoleARN must be the ARN of an IAM role in the account of the primary secret.'),
  rotationIncomplete: error('InvalidRequestException', 'A previous rotation isn\'t complete. That rotation will be reattempted.'),
  rotationTokenMissing: error('InvalidParameterException', 'You must provide a ClientRequestToken value. We recommend a UUID-type value.'),
  secretNotFound: error('ResourceNotFoundException', notFound('.')),
  serialization: error('SerializationException', (reason: string) => reason),
  systemTag: error('InvalidParameterException', (key: string) => `You can't modify system tags. Tag key: '${key}'.`),
  tagKeyMissing: error('InvalidParameterException', 'A tag must have a key.'),
  throttled: error('ThrottlingException', 'Rate exceeded'),
  tooLarge: error('RequestEntityTooLarge', 'The request is too large.'),
  tooManyCrossAccountReplicas: error('LimitExceededException', 'A secret can\'t have more than one cross-account replica.'),
  tooManyFilters: error('InvalidParameterException', (max: number) => `The filter list has too many filters. You can include up to ${max} filters.`),
  tooManyLabels: error('LimitExceededException', (max: number) => `A secret can't have more than ${max} staging labels.`),
  tooManyTags: error('InvalidParameterException', (max: number) => `A secret can't have more than ${max} tags.`),
  unsupportedPrincipal: error('MalformedPolicyDocumentException', 'This resource policy contains an unsupported principal'),
  unsupportedServicePrincipal: error('MalformedPolicyDocumentException', 'This resource policy contains an unsupported service principal.'),
  unknownOperation: error('UnknownOperationException', 'The operation is unknown.'),
  validation: error('ValidationException', (count: number, texts: readonly string[]) => {
    const more = count > texts.length ? [`and ${count - texts.length} more`] : []
    return `${count} validation error${count === 1 ? '' : 's'} detected: ${[...texts, ...more].join('; ')}`
  }),
  versionNotFound: error('ResourceNotFoundException', (versionId: string) => notFound(` value for VersionId: ${versionId}`)),
  wasDeleted: error('InvalidRequestException', 'You can\'t perform this operation on the secret because it was deleted.')
}
