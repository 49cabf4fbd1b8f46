import type { DeletedSecret, ReplicatedSecret, WriteResult } from '#src/aws/port'
import type { SecretContent } from '#src/aws/secret'
import type { Input } from '#src/aws-protocol/input'
import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { assertMayElsewhere } from '#src/secrets/counterparts'
import { assertMay, type Scope } from '#src/secrets/scope'
import { assertRemovable, assertTags, tagSecret, untagSecret } from '#src/secrets/tags'
import { assertMayForce } from '#src/secrets/deletion'
import { assertCreatable } from '#src/secrets/write'

/*
 * The writes in AWS's protocol that need further permissions, or get settings from the environment. Each of them makes the same
 * checks as the gateway's own route, and then calls the port. The port's arguments tell the cache and `rememberWrites` what
 * changes. AWS receives the request's own input, with the environment's settings added.
 */

interface Value {
  readonly SecretString?: string
  readonly SecretBinary?: Uint8Array
}

export const contentOf = ({ SecretString, SecretBinary }: Value): SecretContent | undefined => SecretString ?? SecretBinary

type Tag = Input<'TagResource'>['Tags'][number]

const inTags = { in: 'body', pointer: '/Tags' } as const

const tagsFrom = (tags: readonly Tag[] = []): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]))

/** Returns the input of a CreateSecret, with the environment's settings for new secrets added. */
export function withSettings ({ environment }: Scope, input: Input<'CreateSecret'>): object {
  const { tags, kmsKeyId, replicaRegions } = environment
  const { KmsKeyId = kmsKeyId, Tags: ownTags = [], AddReplicaRegions: ownRegions = [], ...others } = input
  const Tags = [...ownTags.filter(({ Key = '' }) => !Object.hasOwn(tags, Key)), ...Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))]
  const AddReplicaRegions = [
    ...ownRegions,
    ...replicaRegions.filter((region) => !ownRegions.some(({ Region }) => Region === region)).map((Region) => ({ Region }))
  ]
  return {
    ...others,
    ...compact({ KmsKeyId }),
    ...(input.Tags !== undefined || Tags.length > 0) && { Tags },
    ...(input.AddReplicaRegions !== undefined || AddReplicaRegions.length > 0) && { AddReplicaRegions }
  }
}

/**
 * Creates a secret. The caller must also be allowed to replicate it if the request names regions, or if replicas may overwrite
 * other secrets. Without regions in the request, replicas are created in those that the environment declares.
 */
export async function createSecret (scope: Scope, name: SecretName, input: Input<'CreateSecret'>): Promise<WriteResult> {
  assertCreatable(name)
  const { environment } = scope
  const { Description, AddReplicaRegions, ForceOverwriteReplicaSecret: overwrites = false, ClientRequestToken, Tags } = input
  if (AddReplicaRegions !== undefined || overwrites) assertMay(scope, 'ReplicateSecretToRegions', name)
  const tags = tagsFrom(Tags)
  assertTags(environment, tags, inTags)
  const { AddReplicaRegions: replicas = [], KmsKeyId } = withSettings(scope, input) as Input<'CreateSecret'>
  const replicaRegions = replicas.map(({ Region = '' }) => Region)
  assertMayElsewhere(scope, name, replicaRegions, overwrites ? 'overwrite' : 'create')
  return scope.aws.createSecret(scope, name, {
    ...compact({ content: contentOf(input), description: Description, kmsKeyId: KmsKeyId, versionId: ClientRequestToken }),
    tags: { ...tags, ...environment.tags },
    replicaRegions
  })
}

/** Changes a secret. Changing its value requires `PutSecretValue` as well. */
export async function updateSecret (scope: Scope, name: SecretName, input: Input<'UpdateSecret'>): Promise<WriteResult> {
  const content = contentOf(input)
  if (content !== undefined) assertMay(scope, 'PutSecretValue', name)
  return scope.aws.updateSecret(scope, name, compact({
    content, description: input.Description, kmsKeyId: input.KmsKeyId, versionId: input.ClientRequestToken
  }))
}

/**
 * Writes a value. If the new version gets a staging label other than `AWSCURRENT`, the label moves from another version, and the
 * caller must also be allowed to move labels.
 */
export async function putSecretValue (scope: Scope, name: SecretName, input: Input<'PutSecretValue'>): Promise<WriteResult> {
  const { VersionStages: stages, ClientRequestToken: versionId } = input
  if (stages?.some((stage) => stage !== 'AWSCURRENT')) assertMay(scope, 'UpdateSecretVersionStage', name)
  return scope.aws.putSecretValue(scope, name, contentOf(input) ?? '', compact({ versionId, stages }))
}

/** Returns the input of a DeleteSecret, with the environment's recovery window unless the request has its own. */
export const withRecoveryWindow = ({ environment }: Scope, input: Input<'DeleteSecret'>): object =>
  input.ForceDeleteWithoutRecovery === true ? input : { RecoveryWindowInDays: environment.recoveryWindowInDays, ...input }

/** Deletes a secret. A deletion without a recovery window requires another permission, and the environment may forbid it. */
export async function deleteSecret (scope: Scope, name: SecretName, input: Input<'DeleteSecret'>): Promise<DeletedSecret> {
  const { ForceDeleteWithoutRecovery: force = false, RecoveryWindowInDays: recoveryWindowInDays } = input
  if (force) assertMayForce(scope, name)
  return scope.aws.deleteSecret(scope, name, force
    ? { force }
    : { recoveryWindowInDays: recoveryWindowInDays ?? scope.environment.recoveryWindowInDays })
}

/** Configures or starts a rotation. Configuring one that starts at once requires both permissions. */
export async function rotateSecret (scope: Scope, name: SecretName, input: Input<'RotateSecret'>): Promise<WriteResult> {
  const { RotationLambdaARN: lambdaArn, RotateImmediately: rotateImmediately, RotationRules: rules = {} } = input
  if (rotateImmediately !== false) assertMay(scope, 'RotateSecret', name)
  return scope.aws.rotateSecret(scope, name, {
    lambdaArn,
    rules: compact({
      automaticallyAfterDays: rules.AutomaticallyAfterDays, duration: rules.Duration, scheduleExpression: rules.ScheduleExpression
    }),
    rotateImmediately,
    versionId: input.ClientRequestToken
  })
}

/** Replicates a secret. If a replica belongs to another environment, that environment's permissions are required as well. */
export async function replicate (
  scope: Scope, name: SecretName, input: Input<'ReplicateSecretToRegions'>
): Promise<ReplicatedSecret> {
  const { AddReplicaRegions: replicas, ForceOverwriteReplicaSecret: overwrite = false } = input
  assertMayElsewhere(scope, name, replicas.map(({ Region }) => Region), overwrite ? 'overwrite' : 'create')
  return scope.aws.replicateSecretToRegions(scope, name, {
    replicas: replicas.map(({ Region: region = '', KmsKeyId: kmsKeyId }) => compact({ region, kmsKeyId })), overwrite
  })
}

/** Deletes replicas. If a replica belongs to another environment, that environment's permissions are required as well. */
export async function removeReplicas (
  scope: Scope, name: SecretName, { RemoveReplicaRegions: regions }: Input<'RemoveRegionsFromReplication'>
): Promise<ReplicatedSecret> {
  assertMayElsewhere(scope, name, regions, 'remove')
  return scope.aws.removeRegionsFromReplication(scope, name, regions)
}

export const moveStage = async (scope: Scope, name: SecretName, input: Input<'UpdateSecretVersionStage'>): Promise<WriteResult> =>
  scope.aws.updateSecretVersionStage(scope, name, input.VersionStage, {
    moveToVersionId: input.MoveToVersionId, removeFromVersionId: input.RemoveFromVersionId
  })

export const putPolicy = async (scope: Scope, name: SecretName, input: Input<'PutResourcePolicy'>): Promise<WriteResult> =>
  scope.aws.putResourcePolicy(scope, name, input.ResourcePolicy, { blockPublicPolicy: input.BlockPublicPolicy ?? false })

/** Adds tags, or replaces the values of existing tags. The environment's own tags keep their values. */
export async function tagResource (scope: Scope, name: SecretName, { Tags }: Input<'TagResource'>): Promise<void> {
  // AWS receives the list unchanged. `tagsFrom` keeps only the last of several tags with the same key, so each tag is also
  // checked by itself.
  for (const tags of [Tags, ...Tags.map((tag) => [tag])]) assertTags(scope.environment, tagsFrom(tags), inTags)
  await tagSecret(scope, name, tagsFrom(Tags))
}

/** Removes tags. The environment's own tags stay. */
export async function untagResource (scope: Scope, name: SecretName, { TagKeys: keys }: Input<'UntagResource'>): Promise<void> {
  assertRemovable(scope.environment, keys, { in: 'body', pointer: '/TagKeys' })
  await untagSecret(scope, name, keys)
}
