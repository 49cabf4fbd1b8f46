import type { SecretListEntry } from '@aws-sdk/client-secrets-manager'
import { optionalSeconds, seconds, type WireForm } from '#src/aws-protocol/wire-form'
import type { Secret } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'
import { tagsOf } from '#src/local-backend/store/tags'
import { rotationDetails } from './rotation.ts'

/**
 * Returns the fields that DescribeSecret and ListSecrets have in common. Fields without a value are undefined, so replies omit
 * them.
 */
export function secretDetails (store: Store, secret: Secret): WireForm<SecretListEntry> {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description ?? undefined,
    KmsKeyId: secret.kmsKeyId ?? undefined,
    // A replica shows the rotation of its primary secret.
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
