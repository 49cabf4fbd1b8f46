import type { SecretListEntry } from '@aws-sdk/client-secrets-manager'
import { optionalSeconds, seconds, type WireForm } from '../protocol/wire-form.ts'
import type { Secret } from '../store/secrets.ts'
import { tagsOf } from '../store/tags.ts'
import type { Store } from '../store/store.ts'
import { rotationDetails } from './rotation.ts'

/** What DescribeSecret and ListSecrets both show of a secret; what has no value is undefined, and so left out. */
export function secretDetails (store: Store, secret: Secret): WireForm<SecretListEntry> {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description ?? undefined,
    KmsKeyId: secret.kmsKeyId ?? undefined,
    // A replica is rotated where its primary is.
    ...rotationDetails(store, { ...secret, id: secret.primaryId ?? secret.id }),
    Type: secret.type ?? undefined,
    CreatedDate: seconds(secret.createdAt),
    LastChangedDate: seconds(secret.changedAt),
    LastAccessedDate: optionalSeconds(secret.accessedOn),
    DeletedDate: optionalSeconds(secret.deletedAt),
    PrimaryRegion: secret.primaryRegion ?? undefined,
    OwningService: secret.owningService ?? undefined,
    Tags: tagsOf(store, secret)
  }
}
