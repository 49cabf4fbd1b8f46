import type { ReplicateSecretToRegionsCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import { findChangeableSecret } from '../rules/changeable-secret.ts'
import type { CallContext } from '../rules/context.ts'
import { replicationStatus } from '../rules/replication-status.ts'
import { replicate } from '../rules/replication.ts'

/** Replicates a secret to regions. What fails in one region stands in its status; naming the region again tries again. */
export function replicateSecretToRegions (
  input: Input<'ReplicateSecretToRegions'>, context: CallContext
): WireForm<ReplicateSecretToRegionsCommandOutput> {
  const secret = findChangeableSecret(context, input.SecretId)
  replicate(context, secret, input.AddReplicaRegions, input.ForceOverwriteReplicaSecret)
  return { ARN: secret.arn, ReplicationStatus: replicationStatus(context.store, secret) }
}
