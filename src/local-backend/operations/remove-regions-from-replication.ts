import type { RemoveRegionsFromReplicationCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import { findChangeableSecret } from '../rules/changeable-secret.ts'
import type { CallContext } from '../rules/context.ts'
import { replicationStatus } from '../rules/replication-status.ts'
import { checkRegions } from '../rules/replication.ts'
import { findReplica } from '../store/replicas.ts'
import { deleteReplication } from '../store/replications.ts'
import { purgeSecret } from '../store/secrets.ts'

/** Deletes a secret's replicas in regions, at once and for good; a region without one is passed over. */
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
  return { ARN: secret.arn, ReplicationStatus: replicationStatus(store, secret) }
}
