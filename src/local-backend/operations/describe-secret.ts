import type { DescribeSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import type { OperationContext } from '#src/local-backend/rules/context'
import { crossAccountDetails, type CrossAccountDetails } from '#src/local-backend/rules/cross-account-details'
import { replicationStatus } from '#src/local-backend/rules/replication-status'
import { secretDetails } from '#src/local-backend/rules/secret-details'
import { findSecret } from '#src/local-backend/rules/secret-id'
import { labelsByVersion } from '#src/local-backend/store/staging-labels'

/** Returns a secret's metadata, even if it is scheduled for deletion. */
export function describeSecret ({ SecretId }: Input<'DescribeSecret'>, context: OperationContext): WireForm<DescribeSecretCommandOutput> & CrossAccountDetails {
  const secret = findSecret(context, SecretId)
  const ReplicationStatus = replicationStatus(context, secret)
  return {
    ...secretDetails(context.store, secret),
    VersionIdsToStages: labelsByVersion(context.store, secret),
    ...ReplicationStatus.length > 0 && { ReplicationStatus },
    ...crossAccountDetails(context.store, secret)
  }
}
