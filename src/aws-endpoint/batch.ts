import pMap from 'p-map'
import { valueInAwsForm } from '#src/aws/verbatim'
import { secretIn } from '#src/aws/secret-ids'
import type { ReadSecret } from '#src/aws/secret'
import { shapes } from '#src/aws-model/shapes'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { SecretOutcome } from '#src/audit/secret-outcome'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import type { Scope } from '#src/secrets/scope'
import type { EndpointContext, OnEnvironment } from './context.ts'
import { faultOf } from './faults.ts'
import { listPage } from './list-page.ts'
import { problemOf } from './refusal.ts'
import { assertNamed } from './verbatim.ts'

/** A secret to read, and the ID by which the request or AWS's list refers to it. */
interface Wanted {
  readonly id: string
  readonly secret: { readonly name: SecretName } | undefined
}

type Result = { readonly wanted: Wanted } & ({ readonly value: ReadSecret } | { readonly problem: Problem })

/**
 * Reads the current versions of up to 20 secrets, from the cache if it has them. Secrets that the caller may not read are
 * reported in `Errors` if the request names them, and left out if the request selects secrets by filters.
 */
export const batchGetSecretValue: OnEnvironment<'BatchGetSecretValue'> = async (context, input) => {
  const { reportSecrets } = context
  const { wanted, NextToken } = await wantedBy(context, input)
  const scope = { ...context.scope, caching: context.caching() }
  const results = await pMap(wanted, async (one) => read(scope, one), { concurrency: shapes.SecretIdListType.max })
  await reportSecrets(results.flatMap((result): SecretOutcome[] => {
    const { wanted: { secret } } = result
    if (secret === undefined) return []
    const outcome = { name: secret.name, action: 'GetSecretValue' } as const
    return [{ ...outcome, ...'value' in result ? { versionId: result.value.versionId } : { problem: result.problem } }]
  }))
  return JSON.stringify({
    SecretValues: results.flatMap((result) => 'value' in result ? [valueInAwsForm(scope, result.value)] : []),
    Errors: results.flatMap((result) => 'problem' in result ? [errorOf(result.wanted, result.problem)] : []),
    NextToken
  })
}

function errorOf ({ id }: Wanted, problem: Problem): object {
  const { type, message } = faultOf(problem)
  return { SecretId: id, ErrorCode: type, Message: message }
}

/** Returns the secrets to read. @throws Problem with AWS's error for an invalid combination of parameters */
async function wantedBy (
  context: EndpointContext, input: Input<'BatchGetSecretValue'>
): Promise<{ wanted: readonly Wanted[], NextToken?: string | undefined }> {
  const { scope } = context
  const { SecretIdList: ids, Filters: filters, MaxResults: limit = shapes.MaxResultsBatchType.max, NextToken: token } = input
  if ((ids === undefined) === (filters === undefined)) throw problemOf(errors.idsOrFilters())
  if (ids !== undefined) {
    if (input.MaxResults !== undefined || token !== undefined) throw problemOf(errors.maxResultsWithoutFilters())
    return { wanted: [...new Set(ids)].map((id) => ({ id, secret: secretIn(scope.environment, id) })) }
  }
  if (filters?.length === 0) throw problemOf(errors.noFilters())
  // Without this check, a caller who may read a value but not the metadata could find out the metadata by trying filters.
  const revealsMetadata = filters?.some(({ Key }) => Key !== 'name') === true
  const actions = revealsMetadata ? ['DescribeSecret', 'GetSecretValue'] as const : ['GetSecretValue'] as const
  const query = { Filters: filters }
  const { entries, NextToken } = await listPage(context, { operation: 'BatchGetSecretValue', actions, limit, token, query })
  const wanted = entries.map(({ secret: { name, arn } }) => ({ id: arn, secret: { name: name as SecretName } }))
  return { wanted, NextToken }
}

async function read (scope: Scope, wanted: Wanted): Promise<Result> {
  const { secret } = wanted
  try {
    if (secret === undefined) throw problemOf(errors.secretNotFound())
    if (!scope.may('GetSecretValue', secret.name)) throw new Problem('forbidden')
    const value = await scope.aws.getSecretValue(scope, secret.name)
    assertNamed(value, wanted.id)
    return { wanted, value }
  } catch (error) {
    if (!(error instanceof Problem) || concernsAll.has(error.code)) throw error
    return { wanted, problem: error }
  }
}

/** The problems that affect all secrets alike, so the whole call fails. */
const concernsAll: ReadonlySet<Problem['code']> = new Set<Problem['code']>([
  'audit-unavailable', 'aws-throttled', 'aws-timeout', 'aws-unavailable', 'caller-gone', 'credential-account-mismatch', 'credential-invalid',
  'overloaded'
])
