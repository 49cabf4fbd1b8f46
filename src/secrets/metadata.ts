import { answered } from '#src/aws/errors'
import type { DescribeSecretReply, ReplicationStatus, SecretListEntry, SecretVersionEntry, Tag } from '#src/aws/types'
import { toAwsName, type SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { isProblem } from '#src/problems/problem'
import type { SecretMetadata, SecretVersion } from './schemas.ts'
import type { Scope } from './scope.ts'

/** @throws Problem as AWS answers */
export async function describeSecret (scope: Scope, name: SecretName): Promise<SecretMetadata> {
  return metadataFrom(name, await scope.aws.describeSecret({ SecretId: toAwsName(scope.environment, name) }))
}

/** A secret that may not exist, which is undefined. @throws Problem as AWS answers otherwise */
export async function findSecret (scope: Scope, name: SecretName): Promise<SecretMetadata | undefined> {
  try {
    return await describeSecret(scope, name)
  } catch (error) {
    if (!isProblem(error, 'secret-not-found')) throw error
    return undefined
  }
}

export interface VersionsPage {
  items: SecretVersion[]
  nextCursor?: string
}

/** @throws Problem as AWS answers */
export async function listVersions (scope: Scope, name: SecretName, options: {
  includeDeprecated?: boolean
  limit?: number
  cursor?: string
}): Promise<VersionsPage> {
  const page = await scope.aws.listSecretVersionIds({
    SecretId: toAwsName(scope.environment, name),
    IncludeDeprecated: options.includeDeprecated,
    MaxResults: options.limit,
    NextToken: options.cursor
  })
  return compact({ items: (page.Versions ?? []).map(versionFrom), nextCursor: page.NextToken })
}

/** What AWS says about a secret, in a list or in a description of it alone. */
export function metadataFrom (name: SecretName, aws: SecretListEntry | DescribeSecretReply): SecretMetadata {
  const versions = ('VersionIdsToStages' in aws ? aws.VersionIdsToStages : undefined) ??
    ('SecretVersionsToStages' in aws ? aws.SecretVersionsToStages : undefined)
  return compact({
    name,
    arn: answered(aws.ARN),
    state: stateOf(aws.DeletedDate, versions ?? {}),
    type: aws.Type,
    description: aws.Description,
    kmsKeyId: aws.KmsKeyId,
    tags: aws.Tags && tagsFrom(aws.Tags),
    versions,
    rotation: rotationFrom(aws),
    createdDate: date(aws.CreatedDate),
    lastChangedDate: date(aws.LastChangedDate),
    lastAccessedDate: date(aws.LastAccessedDate),
    deletedDate: date(aws.DeletedDate),
    owningService: aws.OwningService,
    primaryRegion: aws.PrimaryRegion,
    replicas: 'ReplicationStatus' in aws ? aws.ReplicationStatus?.map(replicaFrom) : undefined
  })
}

const date = (value: Date | undefined): string | undefined => value?.toISOString()

/** The ID of the version that is AWSCURRENT; none of a placeholder. */
export const currentIn = ({ versions = {} }: Pick<SecretMetadata, 'versions'>): string | undefined =>
  Object.keys(versions).find((versionId) => versions[versionId]?.includes('AWSCURRENT'))

/** Whether the secret has a current version; one without is a placeholder. */
export const hasValue = (secret: Pick<SecretMetadata, 'versions'>): boolean => currentIn(secret) !== undefined

function stateOf (deleted: Date | undefined, versions: Record<string, string[]>): SecretMetadata['state'] {
  if (deleted !== undefined) return 'pending-deletion'
  return hasValue({ versions }) ? 'active' : 'placeholder'
}

const tagsFrom = (tags: readonly Tag[]): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key, Value }) => [Key ?? '', Value ?? '']))

function rotationFrom (aws: SecretListEntry | DescribeSecretReply): SecretMetadata['rotation'] {
  if (aws.RotationEnabled === undefined) return undefined
  return compact({
    enabled: aws.RotationEnabled,
    lambdaArn: aws.RotationLambdaARN,
    automaticallyAfterDays: aws.RotationRules?.AutomaticallyAfterDays,
    duration: aws.RotationRules?.Duration,
    scheduleExpression: aws.RotationRules?.ScheduleExpression,
    lastRotatedDate: date(aws.LastRotatedDate),
    nextRotationDate: date(aws.NextRotationDate)
  })
}

/** How a replica is doing. */
export const replicaFrom = (replica: ReplicationStatus): NonNullable<SecretMetadata['replicas']>[number] => compact({
  region: replica.Region,
  kmsKeyId: replica.KmsKeyId,
  status: replica.Status,
  statusMessage: replica.StatusMessage,
  lastAccessedDate: date(replica.LastAccessedDate)
})

const versionFrom = (version: SecretVersionEntry): SecretVersion => compact({
  versionId: answered(version.VersionId),
  versionStages: version.VersionStages,
  createdDate: date(version.CreatedDate),
  lastAccessedDate: date(version.LastAccessedDate),
  kmsKeyIds: version.KmsKeyIds
})

/**
 * Whether a secret is the placeholder that a request makes, sent before with the same `Idempotency-Key`: AWS keeps no token of a
 * secret without a version, and what is as it should be is no conflict.
 */
export function isPlaceholderOf (
  { idempotencyKey, environment }: Scope, { description = '', tags }: Pick<SecretMetadata, 'description' | 'tags'>, existing: SecretMetadata
): boolean {
  const wanted = Object.entries({ ...tags, ...environment.tags })
  return idempotencyKey !== undefined && Object.keys(existing.versions ?? {}).length === 0 &&
    (existing.description ?? '') === description && wanted.every(([key, value]) => existing.tags?.[key] === value)
}
