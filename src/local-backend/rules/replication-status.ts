import type { ReplicationStatusType } from '@aws-sdk/client-secrets-manager'
import { optionalSeconds, type WireForm } from '../protocol/wire-form.ts'
import { replicationsOf } from '../store/replications.ts'
import type { Secret } from '../store/secrets.ts'
import type { Store } from '../store/store.ts'
import { managedKeyAlias } from './kms-key.ts'

/** How the replication of a secret to each region is doing; unlike elsewhere, AWS names its own key here. */
export function replicationStatus (store: Store, secret: Secret): WireForm<ReplicationStatusType>[] {
  return replicationsOf(store, secret).map(({ region, kmsKeyId, status, message, accessedOn }) => ({
    Region: region,
    KmsKeyId: kmsKeyId ?? managedKeyAlias,
    Status: status,
    StatusMessage: message,
    LastAccessedDate: optionalSeconds(accessedOn)
  }))
}
