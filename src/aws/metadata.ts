import type { AnyName, SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { required } from './exception-rules.ts'
import { hasValue, type ReadSecret, type Replica, type Rotation, type SecretMetadata, type SecretVersion } from './secret.ts'
import type { DescribeSecretReply, ReplicationStatus, SecretListEntry, SecretValueEntry, SecretVersionEntry, Tag } from './types.ts'

/** Returns a secret's metadata from a `DescribeSecret` response, or from an entry of a `ListSecrets` response. */
export function metadataFrom<Name extends AnyName> (
  name: Name, aws: SecretListEntry | DescribeSecretReply
): SecretMetadata<Name> {
  // `DescribeSecret` and `ListSecrets` use different names for this member.
  const versions = ('VersionIdsToStages' in aws ? aws.VersionIdsToStages : undefined) ??
    ('SecretVersionsToStages' in aws ? aws.SecretVersionsToStages : undefined)
  return { name, ...compact({
    arn: required(aws.ARN),
    state: stateOf(aws.DeletedDate, versions ?? {}),
    type: aws.Type,
    description: aws.Description,
    kmsKeyId: aws.KmsKeyId,
    tags: aws.Tags && tagsFrom(aws.Tags),
    versions,
    rotation: rotationFrom(aws),
    createdDate: aws.CreatedDate,
    lastChangedDate: aws.LastChangedDate,
    lastAccessedDate: aws.LastAccessedDate,
    deletedDate: aws.DeletedDate,
    owningService: aws.OwningService,
    primaryRegion: aws.PrimaryRegion,
    replicas: 'ReplicationStatus' in aws ? aws.ReplicationStatus?.map(replicaFrom) : undefined
  }) }
}

function stateOf (deleted: Date | undefined, versions: Record<string, string[]>): SecretMetadata['state'] {
  if (deleted !== undefined) return 'pending-deletion'
  return hasValue({ versions }) ? 'active' : 'placeholder'
}

const tagsFrom = (tags: readonly Tag[]): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key, Value }) => [Key ?? '', Value ?? '']))

function rotationFrom (aws: SecretListEntry | DescribeSecretReply): Rotation | undefined {
  if (aws.RotationEnabled === undefined) return undefined
  return compact({
    enabled: aws.RotationEnabled,
    lambdaArn: aws.RotationLambdaARN,
    automaticallyAfterDays: aws.RotationRules?.AutomaticallyAfterDays,
    duration: aws.RotationRules?.Duration,
    scheduleExpression: aws.RotationRules?.ScheduleExpression,
    lastRotatedDate: aws.LastRotatedDate,
    nextRotationDate: aws.NextRotationDate
  })
}

/** Returns a replica from its replication status in AWS's response. */
export const replicaFrom = (replica: ReplicationStatus): Replica => compact({
  region: replica.Region,
  kmsKeyId: replica.KmsKeyId,
  status: replica.Status,
  statusMessage: replica.StatusMessage,
  lastAccessedDate: replica.LastAccessedDate
})

/** Returns a version from its entry in a `ListSecretVersionIds` response. */
export const versionFrom = (version: SecretVersionEntry): SecretVersion => compact({
  versionId: required(version.VersionId),
  versionStages: version.VersionStages,
  createdDate: version.CreatedDate,
  lastAccessedDate: version.LastAccessedDate,
  kmsKeyIds: version.KmsKeyIds
})

/** Returns a version and its value from a `GetSecretValue` response, or from an entry of a `BatchGetSecretValue` response. */
export const secretFrom = (name: SecretName, reply: SecretValueEntry): ReadSecret => ({
  name,
  arn: required(reply.ARN),
  versionId: required(reply.VersionId),
  versionStages: reply.VersionStages ?? [],
  createdDate: required(reply.CreatedDate),
  content: required(reply.SecretString ?? reply.SecretBinary)
})
