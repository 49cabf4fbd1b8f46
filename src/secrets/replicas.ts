import { Type, type Static } from '@sinclair/typebox'
import { answered } from '#src/aws/errors'
import type { ReplicationStatus } from '#src/aws/types'
import { toAwsName, type SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { AwsString, closed } from '#src/schema/types'
import { replicaFrom } from './metadata.ts'
import { KmsKeyId, SecretMetadata, type WrittenSecret } from './schemas.ts'
import type { Scope } from './scope.ts'
import { written } from './written.ts'

/** An AWS region. */
export const Region = AwsString('RegionType', { description: 'An AWS region', examples: ['eu-central-1'] })

export const Replication = Type.Object({
  replicaRegions: Type.Array(Type.Object({
    region: Region,
    kmsKeyId: Type.Optional({ ...KmsKeyId, description: 'The KMS key there; `aws/secretsmanager` where absent' })
  }, closed), { minItems: 1, description: 'Where to replicate to, beside the regions that it is replicated to already' }),
  forceOverwriteReplicaSecret: Type.Optional(Type.Boolean({
    default: false,
    description: 'Overwrite a secret of the same name that is there already'
  }))
}, { ...closed, examples: [{ replicaRegions: [{ region: 'eu-central-1' }] }] })

export const ReplicatedSecret = Type.Object({
  name: SecretMetadata.properties.name,
  arn: SecretMetadata.properties.arn,
  replicas: SecretMetadata.properties.replicas
})

type ReplicatedSecret = Static<typeof ReplicatedSecret>

/** Replicates the secret to regions; it goes on after the answer. @throws Problem as AWS answers */
export async function replicate (
  scope: Scope, name: SecretName, { replicaRegions, forceOverwriteReplicaSecret }: Static<typeof Replication>
): Promise<ReplicatedSecret> {
  return replicated(name, await scope.aws.replicateSecretToRegions({
    SecretId: toAwsName(scope.environment, name),
    AddReplicaRegions: replicaRegions.map(({ region, kmsKeyId }) => ({ Region: region, KmsKeyId: kmsKeyId })),
    ForceOverwriteReplicaSecret: forceOverwriteReplicaSecret
  }))
}

/** Deletes the replicas in regions. @throws Problem as AWS answers */
export async function removeReplicas (scope: Scope, name: SecretName, regions: readonly string[]): Promise<ReplicatedSecret> {
  return replicated(name, await scope.aws.removeRegionsFromReplication({
    SecretId: toAwsName(scope.environment, name),
    RemoveReplicaRegions: [...regions]
  }))
}

/** Makes the replica that is in the environment's region a secret of its own. @throws Problem as AWS answers */
export async function promoteReplica (scope: Scope, name: SecretName): Promise<WrittenSecret> {
  return written(name, await scope.aws.stopReplicationToReplica({ SecretId: toAwsName(scope.environment, name) }))
}

const replicated = (name: SecretName, reply: {
  ARN?: string | undefined
  ReplicationStatus?: ReplicationStatus[] | undefined
}): ReplicatedSecret => compact({ name, arn: answered(reply.ARN), replicas: reply.ReplicationStatus?.map(replicaFrom) })
