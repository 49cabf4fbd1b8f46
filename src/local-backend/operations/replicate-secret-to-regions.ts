import type { ReplicateSecretToRegionsCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { findChangeableSecret } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { replicate } from '#src/local-backend/rules/replication'
import { replicationStatus } from '#src/local-backend/rules/replication-status'

/**
 * Replicates a secret to regions. If replication to a region fails, the replication status of the region contains the reason. To
 * retry, the caller repeats the request for that region.
 */
export function replicateSecretToRegions (
  input: Input<'ReplicateSecretToRegions'>, context: CallContext
): WireForm<ReplicateSecretToRegionsCommandOutput> {
  const secret = findChangeableSecret(context, input.SecretId)
  replicate(context, secret, input.AddReplicaRegions, input.ForceOverwriteReplicaSecret)
  return { ARN: secret.arn, ReplicationStatus: replicationStatus(context, secret) }
}
