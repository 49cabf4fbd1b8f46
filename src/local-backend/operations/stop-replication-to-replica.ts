import type { StopReplicationToReplicaCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { checkOwner } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { findActiveSecret } from '#src/local-backend/rules/secret-id'
import { releaseReplica } from '#src/local-backend/store/replicas'
import { deleteReplication } from '#src/local-backend/store/replications'
import { updateSecret } from '#src/local-backend/store/secrets'

/** Promotes a replica to a standalone secret in its own region, and removes it from its primary secret's replicas. */
export function stopReplicationToReplica (
  { SecretId }: Input<'StopReplicationToReplica'>, context: CallContext
): WireForm<StopReplicationToReplicaCommandOutput> {
  const { store, now } = context
  const replica = findActiveSecret(context, SecretId)
  if (replica.primaryId === null) throw errors.notReplica()
  checkOwner(context, replica)
  deleteReplication(store, replica.primaryId, replica.region)
  releaseReplica(store, replica)
  updateSecret(store, replica, now)
  return { ARN: replica.arn }
}
