import type { ReplicationStatusType } from '@aws-sdk/client-secrets-manager'
import { optionalSeconds, type WireForm } from '#src/aws-protocol/wire-form'
import { replicationsOf } from '#src/local-backend/store/replications'
import type { Secret } from '#src/local-backend/store/secrets'
import type { OperationContext } from './context.ts'
import { managedKeyAlias } from './kms-key.ts'

/**
 * Returns the status of a secret's replication to each region. If a replica uses the AWS managed key, its `KmsKeyId` is the alias
 * of that key, as in AWS. Elsewhere in replies, `KmsKeyId` is omitted for the AWS managed key.
 */
export function replicationStatus (
  { store, now }: Pick<OperationContext, 'store' | 'now'>, secret: Secret
): WireForm<ReplicationStatusType>[] {
  return replicationsOf(store, secret, now).map(({ region, kmsKeyId, status, message, accessedOn }) => ({
    Region: region,
    KmsKeyId: kmsKeyId ?? managedKeyAlias,
    Status: status,
    StatusMessage: message === '' ? undefined : message,
    LastAccessedDate: optionalSeconds(accessedOn)
  }))
}
