import type { APIErrorType, BatchGetSecretValueCommandOutput, SecretValueEntry } from '@aws-sdk/client-secrets-manager'
import { limits } from '#src/aws-model/limits'
import { shapes } from '#src/aws-model/shapes'
import { AwsError, errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { authorize } from '#src/local-backend/rules/authorization'
import type { CallContext } from '#src/local-backend/rules/context'
import { readVersion } from '#src/local-backend/rules/read-version'
import { findActiveSecret } from '#src/local-backend/rules/secret-id'
import { listSecretsPage } from '#src/local-backend/rules/secret-listing'

/**
 * Reads the current values of up to 20 secrets, chosen by ID or by filters. A secret that can't be read is reported in `Errors`
 * and doesn't affect the others.
 */
export function batchGetSecretValue (input: Input<'BatchGetSecretValue'>, context: CallContext): WireForm<BatchGetSecretValueCommandOutput> {
  const { ids, nextToken } = chosenSecrets(input, context)
  const values: WireForm<SecretValueEntry>[] = []
  const failures: APIErrorType[] = []
  for (const id of ids) {
    try {
      const authorized = authorize(context, 'GetSecretValue', { SecretId: id })
      values.push(readVersion(authorized, findActiveSecret(authorized, id), {}))
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      failures.push({ SecretId: id, ErrorCode: error.type, Message: error.message })
    }
  }
  return { SecretValues: values, Errors: failures, NextToken: nextToken }
}

function chosenSecrets (input: Input<'BatchGetSecretValue'>, context: CallContext): { ids: readonly string[], nextToken?: string } {
  const { SecretIdList, Filters, MaxResults, NextToken } = input
  if ((SecretIdList === undefined) === (Filters === undefined)) throw errors.idsOrFilters()
  if (SecretIdList !== undefined) {
    if (MaxResults !== undefined || NextToken !== undefined) throw errors.maxResultsWithoutFilters()
    return { ids: SecretIdList }
  }
  if (Filters?.length === 0) throw errors.noFilters()
  const filterValues = (Filters ?? []).flatMap(({ Values = [] }) => Values)
  if (filterValues.length > limits.filterValuesPerBatch) throw errors.tooManyFilters(limits.filterValuesPerBatch)
  const { rows, ...more } = listSecretsPage(context, 'BatchGetSecretValue', input, MaxResults ?? shapes.MaxResultsBatchType.max)
  return { ids: rows.map(({ arn }) => arn), ...more }
}
