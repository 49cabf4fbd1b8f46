import type { RemoveRegionsFromReplicationCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { findChangeableSecret } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { checkRegions } from '#src/local-backend/rules/replication'
import { replicationStatus } from '#src/local-backend/rules/replication-status'
import { findReplica } from '#src/local-backend/store/replicas'
import { deleteReplication } from '#src/local-backend/store/replications'
import { purgeSecret } from '#src/local-backend/store/secrets'

/** Deletes a secret's replicas in the given regions immediately and permanently. Regions without a replica are ignored. */
export function removeRegionsFromReplication (
  input: Input<'RemoveRegionsFromReplication'>, context: CallContext
): WireForm<RemoveRegionsFromReplicationCommandOutput> {
  const { store } = context
  const secret = findChangeableSecret(context, input.SecretId)
  checkRegions(secret, input.RemoveReplicaRegions)
  for (const region of input.RemoveReplicaRegions) {
    const replica = findReplica(store, secret, region)
    if (replica !== undefined) purgeSecret(store, replica)
    deleteReplication(store, secret.id, region)
  }
  return { ARN: secret.arn, ReplicationStatus: replicationStatus(context, secret) }
}
