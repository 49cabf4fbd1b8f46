import type { ListSecretVersionIdsCommandOutput } from '@aws-sdk/client-secrets-manager'
import { shapes } from '#src/aws-model/shapes'
import type { Input } from '#src/aws-protocol/input'
import { optionalSeconds, seconds, type WireForm } from '#src/aws-protocol/wire-form'
import type { OperationContext } from '#src/local-backend/rules/context'
import { cutPage } from '#src/local-backend/rules/page'
import { findSecret } from '#src/local-backend/rules/secret-id'
import { wrappedKeysOf } from '#src/local-backend/store/data-keys'
import type { Secret } from '#src/local-backend/store/secrets'
import { labelsOf } from '#src/local-backend/store/staging-labels'
import type { Store } from '#src/local-backend/store/store'
import { listVersions, type Version } from '#src/local-backend/store/versions'

/**
 * Lists a secret's versions, oldest first. Versions without a label, which AWS calls deprecated, are included only if
 * `IncludeDeprecated` is true.
 */
export function listSecretVersionIds (input: Input<'ListSecretVersionIds'>, context: OperationContext): WireForm<ListSecretVersionIdsCommandOutput> {
  const { store } = context
  const secret = findSecret(context, input.SecretId)
  const includeDeprecated = input.IncludeDeprecated ?? false
  const { rows, nextToken } = cutPage<Version>(store, {
    listing: [secret.id, includeDeprecated],
    nextToken: input.NextToken,
    maxResults: input.MaxResults ?? shapes.MaxResultsType.max,
    position: ({ sequence }) => ({ key: sequence, sequence }),
    rows: (after) => listVersions(store, secret, after?.sequence ?? 0, includeDeprecated)
  })
  return {
    ARN: secret.arn,
    Name: secret.name,
    Versions: rows.map((version) => ({
      VersionId: version.versionId,
      VersionStages: labelsOf(store, secret, version.versionId),
      CreatedDate: seconds(version.createdAt),
      LastAccessedDate: optionalSeconds(version.accessedOn),
      KmsKeyIds: kmsKeyIds(store, secret, version.versionId)
    })),
    NextToken: nextToken
  }
}

/**
 * Returns the KMS keys that wrap a version's data key. Each key is shown as the ID, alias or ARN by which a caller specified it.
 * The AWS managed key is shown as `DefaultEncryptionKey`.
 */
function kmsKeyIds (store: Store, secret: Secret, versionId: string): string[] {
  return wrappedKeysOf(store, secret, versionId).map(({ kmsKeyId }) => kmsKeyId ?? 'DefaultEncryptionKey')
}
