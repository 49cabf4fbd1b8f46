import type { ListSecretVersionIdsCommandOutput } from '@aws-sdk/client-secrets-manager'
import { shapes } from '../../aws-model.ts'
import type { Input } from '../protocol/input.ts'
import { optionalSeconds, seconds, type WireForm } from '../protocol/wire-form.ts'
import type { OperationContext } from '../rules/context.ts'
import { cutPage } from '../rules/page.ts'
import { findSecret } from '../rules/secret-id.ts'
import { wrappedKeysOf } from '../store/data-keys.ts'
import type { Secret } from '../store/secrets.ts'
import { labelsOf } from '../store/staging-labels.ts'
import type { Store } from '../store/store.ts'
import { listVersions, type Version } from '../store/versions.ts'

/** Lists a secret's versions from the oldest on; those without a label, which AWS calls deprecated, only on request. */
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

/** The keys that open a version, under the names that they were chosen by. */
function kmsKeyIds (store: Store, secret: Secret, versionId: string): string[] {
  return wrappedKeysOf(store, secret, versionId).map(({ kmsKeyId }) => kmsKeyId ?? 'DefaultEncryptionKey')
}
