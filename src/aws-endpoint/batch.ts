import pMap from 'p-map'
import type { Caching } from '#src/aws/caching'
import { valueInAwsForm } from '#src/aws/verbatim'
import { isNamedBy, secretIn } from '#src/aws/secret-ids'
import { shapes } from '#src/aws-model/shapes'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import { readOutcome, readThroughCache, type CurrentValue } from '#src/secrets/read-many'
import type { Scope } from '#src/secrets/scope'
import type { EndpointContext, OnEnvironment } from './context.ts'
import { faultOf } from './faults.ts'
import { listPage } from './list-page.ts'
import { problemOf } from './refusal.ts'

/** A secret to read, and the ID by which the request or AWS's list refers to it. */
interface Wanted {
  readonly id: string
  readonly secret: { readonly name: SecretName } | undefined
}

/** A secret to read, and its value or problem. If the environment has no such secret, the problem has no name. */
interface Result {
  readonly id: string
  readonly read: CurrentValue | { readonly problem: Problem }
}

/**
 * Reads the current versions of up to 20 secrets, from the cache if it has them. Secrets that the caller may not read are
 * reported in `Errors` if the request names them, and left out if the request selects secrets by filters.
 */
export const batchGetSecretValue: OnEnvironment<'BatchGetSecretValue'> = async (context, input) => {
  const { scope, reportSecrets } = context
  const { wanted, NextToken } = await wantedBy(context, input)
  const caching = context.caching()
  const results = await pMap(wanted, async (one): Promise<Result> => ({ id: one.id, read: await read(scope, caching, one) }), {
    concurrency: shapes.SecretIdListType.max
  })
  await reportSecrets(results.flatMap(({ read }) => 'name' in read ? [readOutcome(read)] : []))
  return JSON.stringify({
    SecretValues: results.flatMap(({ read }) => 'secret' in read ? [valueInAwsForm(scope, read.secret)] : []),
    Errors: results.flatMap(({ id, read }) => 'problem' in read ? [errorOf(id, read.problem)] : []),
    NextToken
  })
}

function errorOf (id: string, problem: Problem): object {
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

async function read (scope: Scope, caching: Caching, { id, secret }: Wanted): Promise<Result['read']> {
  if (secret === undefined) return { problem: problemOf(errors.secretNotFound()) }
  const { name } = secret
  if (!scope.may('GetSecretValue', name)) return { name, problem: new Problem('forbidden') }
  const read = await readThroughCache(scope, caching, name)
  return 'problem' in read || isNamedBy(read.secret.arn, id) ? read : { name, problem: problemOf(errors.secretNotFound()) }
}
