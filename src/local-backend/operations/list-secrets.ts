import type { ListSecretsCommandOutput } from '@aws-sdk/client-secrets-manager'
import { shapes } from '../../aws-model.ts'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import type { OperationContext } from '../rules/context.ts'
import { secretDetails } from '../rules/secret-details.ts'
import { listSecretsPage } from '../rules/secret-listing.ts'
import { labelsByVersion } from '../store/staging-labels.ts'

/** Lists the account's secrets in the region, a page at a time. */
export function listSecrets (input: Input<'ListSecrets'>, context: OperationContext): WireForm<ListSecretsCommandOutput> {
  const { rows, nextToken } = listSecretsPage(context, 'ListSecrets', input, input.MaxResults ?? shapes.MaxResultsType.max)
  return {
    SecretList: rows.map((secret) => ({
      ...secretDetails(context.store, secret),
      SecretVersionsToStages: labelsByVersion(context.store, secret)
    })),
    NextToken: nextToken
  }
}
