import type { ReplicationStatusType } from '@aws-sdk/client-secrets-manager'
import { optionalSeconds, type WireForm } from '#src/aws-protocol/wire-form'
import { replicationsOf } from '#src/local-backend/store/replications'
import type { Secret } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'
import { managedKeyAlias } from './kms-key.ts'

/**
 * Returns the status of a secret's replication to each region. If a replica uses the AWS managed key, its `KmsKeyId` is the alias
 * of that key, as in AWS. Elsewhere in replies, `KmsKeyId` is omitted for the AWS managed key.
 */
export function replicationStatus (store: Store, secret: Secret): WireForm<ReplicationStatusType>[] {
  return replicationsOf(store, secret).map(({ region, kmsKeyId, status, message, accessedOn }) => ({
    Region: region,
    KmsKeyId: kmsKeyId ?? managedKeyAlias,
    Status: status,
    StatusMessage: message,
    LastAccessedDate: optionalSeconds(accessedOn)
  }))
}
