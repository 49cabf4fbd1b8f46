import type { StopReplicationToReplicaCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { checkOwner } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { replicationPolicy } from '#src/local-backend/rules/cross-account-replication'
import { findActiveSecret } from '#src/local-backend/rules/secret-id'
import { deleteCrossAccountPrimary, detachCrossAccountReplica } from '#src/local-backend/store/cross-account'
import { releaseReplica } from '#src/local-backend/store/replicas'
import { deleteReplication } from '#src/local-backend/store/replications'
import { deleteResourcePolicy } from '#src/local-backend/store/resource-policies'
import { updateSecret } from '#src/local-backend/store/secrets'

/**
 * Promotes a replica to a standalone secret. A replica in another region is removed from its primary secret's replicas. For a
 * replica in another account, the primary secret shows that the replication was stopped.
 */
export function stopReplicationToReplica (
  { SecretId }: Input<'StopReplicationToReplica'>, context: CallContext
): WireForm<StopReplicationToReplicaCommandOutput> {
  const { store, now } = context
  const replica = findActiveSecret(context, SecretId)
  if (replica.primaryId === null && replica.crossAccountPrimaryArn === null) throw errors.notReplica()
  checkOwner(context, replica)
  if (replica.primaryId === null) {
    detachCrossAccountReplica(store, replica)
    deleteCrossAccountPrimary(store, replica)
    deleteResourcePolicy(store, replica, replicationPolicy)
  } else {
    deleteReplication(store, replica.primaryId, replica.region)
    releaseReplica(store, replica)
  }
  updateSecret(store, replica, now)
  return { ARN: replica.arn }
}
