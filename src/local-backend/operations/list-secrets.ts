import type { ListSecretsCommandOutput } from '@aws-sdk/client-secrets-manager'
import { shapes } from '#src/aws-model/shapes'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import type { OperationContext } from '#src/local-backend/rules/context'
import { secretDetails } from '#src/local-backend/rules/secret-details'
import { listSecretsPage } from '#src/local-backend/rules/secret-listing'
import { labelsByVersion } from '#src/local-backend/store/staging-labels'

/** Returns one page of the account's secrets in the region. */
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
