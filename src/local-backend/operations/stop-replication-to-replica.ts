import type { StopReplicationToReplicaCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '../protocol/errors.ts'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import { checkOwner } from '../rules/changeable-secret.ts'
import type { CallContext } from '../rules/context.ts'
import { findActiveSecret } from '../rules/secret-id.ts'
import { releaseReplica } from '../store/replicas.ts'
import { deleteReplication } from '../store/replications.ts'
import { updateSecret } from '../store/secrets.ts'

/** Makes a replica, in its own region, a secret of its own; its primary has it no more. */
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
