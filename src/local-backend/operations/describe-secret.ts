import type { DescribeSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import type { OperationContext } from '../rules/context.ts'
import { replicationStatus } from '../rules/replication-status.ts'
import { secretDetails } from '../rules/secret-details.ts'
import { findSecret } from '../rules/secret-id.ts'
import { labelsByVersion } from '../store/staging-labels.ts'

/** Shows all of a secret but its values, also while it is scheduled for deletion. */
export function describeSecret ({ SecretId }: Input<'DescribeSecret'>, context: OperationContext): WireForm<DescribeSecretCommandOutput> {
  const secret = findSecret(context, SecretId)
  const ReplicationStatus = replicationStatus(context.store, secret)
  return {
    ...secretDetails(context.store, secret),
    VersionIdsToStages: labelsByVersion(context.store, secret),
    ...ReplicationStatus.length > 0 && { ReplicationStatus }
  }
}
