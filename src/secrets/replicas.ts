import { Type, type Static } from '@sinclair/typebox'
import type { ReplicatedSecret as AwsReplicatedSecret } from '#src/aws/port'
import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { AwsString, closed } from '#src/schema/types'
import { assertMayElsewhere } from './counterparts.ts'
import { findSecret, toReplica } from './metadata.ts'
import { KmsKeyId, SecretMetadata, type WrittenSecret } from './schemas.ts'
import type { Scope } from './scope.ts'
import { regionsOf, settingWarnings } from './settings.ts'

export const Region = AwsString('RegionType', { description: 'An AWS region', examples: ['eu-central-1'] })

export const Replication = Type.Object({
  replicaRegions: Type.Array(Type.Object({
    region: Region,
    kmsKeyId: Type.Optional({ ...KmsKeyId, description: 'The KMS key of the replica. Defaults to `aws/secretsmanager`' })
  }, closed), { minItems: 1, description: 'The regions to replicate to, in addition to those that have a replica' }),
  forceOverwriteReplicaSecret: Type.Optional(Type.Boolean({
    default: false,
    description: 'Overwrite a secret of the same name in the region'
  }))
}, { ...closed, examples: [{ replicaRegions: [{ region: 'eu-central-1' }] }] })

export const ReplicatedSecret = Type.Object({
  name: SecretMetadata.properties.name,
  arn: SecretMetadata.properties.arn,
  replicas: SecretMetadata.properties.replicas
})

type ReplicatedSecret = Static<typeof ReplicatedSecret>

/**
 * Starts replicating the secret to other regions. AWS completes this asynchronously.
 *
 * @throws Problem `forbidden` if a replica would belong to another environment, and the caller lacks a permission there
 * @throws Problem `deletion-protected` if the replica could overwrite a secret of another environment that is protected against
 * deletion
 * @throws Problem for any AWS error
 */
export async function replicate (
  scope: Scope, name: SecretName, { replicaRegions, forceOverwriteReplicaSecret }: Static<typeof Replication>
): Promise<ReplicatedSecret> {
  const regions = replicaRegions.map(({ region }) => region)
  assertMayElsewhere(scope, name, regions, forceOverwriteReplicaSecret === true ? 'overwrite' : 'create')
  return toReplicated(await scope.aws.replicateSecretToRegions(scope, name, {
    replicas: replicaRegions, overwrite: forceOverwriteReplicaSecret
  }))
}

/**
 * Deletes the secret's replicas in the given regions.
 *
 * @throws Problem `forbidden` if a replica belongs to another environment, and the caller lacks a permission there
 * @throws Problem `deletion-protected` if a replica belongs to another environment that is protected against deletion
 * @throws Problem for any AWS error
 */
export async function removeReplicas (scope: Scope, name: SecretName, regions: readonly string[]): Promise<ReplicatedSecret> {
  assertMayElsewhere(scope, name, regions, 'remove')
  return toReplicated(await scope.aws.removeRegionsFromReplication(scope, name, regions))
}

/** Deletes all replicas of the secret, if it exists and has any. @throws Problem for the same reasons as `removeReplicas` */
export async function detachReplicas (scope: Scope, name: SecretName): Promise<void> {
  const regions = regionsOf(await findSecret(scope, name))
  if (regions.length > 0) await removeReplicas(scope, name, regions)
}

/**
 * Turns the replica in the environment's region into a standalone secret. The primary secret thereby loses a replica.
 *
 * @throws Problem `forbidden` if the primary secret belongs to another environment, and the caller lacks a permission there
 * @throws Problem for any AWS error
 */
export async function promoteReplica (scope: Scope, name: SecretName): Promise<WrittenSecret> {
  if (scope.counterparts(name).length > 0) {
    const { primaryRegion } = await scope.aws.describeSecret(scope, name)
    assertMayElsewhere(scope, name, [primaryRegion], 'release')
  }
  const promoted = await scope.aws.stopReplicationToReplica(scope, name)
  return compact({ ...promoted, warnings: await settingWarnings(scope, name) })
}

/** Returns a replicated secret in its JSON form. */
const toReplicated = ({ replicas, ...secret }: AwsReplicatedSecret): ReplicatedSecret =>
  compact({ ...secret, replicas: replicas?.map(toReplica) })
