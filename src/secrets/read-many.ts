import pMap from 'p-map'
import { shapes } from '#src/aws-model/shapes'
import { problemFrom } from '#src/aws/errors'
import type { BatchGetSecretValueReply } from '#src/aws/types'
import { fromAwsName, parseSecretName, toAwsName, type SecretName } from '#src/environments/names'
import { invalidRequest, Problem, type RequestError } from '#src/problems/problem'
import { awsFilters } from './list.ts'
import { permitted } from './permitted.ts'
import { currentMissing, secretFrom, type ReadSecret } from './read.ts'
import type { SecretFilters } from './schemas.ts'
import type { Scope } from './scope.ts'

/** A secret's value, or why there is none. */
export type ReadResult = { name: SecretName, secret: ReadSecret } | { name: SecretName, problem: Problem }

const batchSize = shapes.SecretIdListType.max
const concurrentBatches = 4

/**
 * The current values of the named secrets, in the order of the names; what can't be read has its own problem.
 *
 * @throws Problem `invalid-request` for a name that is none, and as AWS answers to the whole
 */
export async function readNamed (scope: Scope, texts: readonly string[]): Promise<ReadResult[]> {
  const names = parseNames(scope, texts)
  const allowed = [...await permitted(scope, 'GetSecretValue', names)]
  const results = await mapValues(scope, allowed, (result) => result)
  const byName = new Map(results.map((result) => [result.name, result]))
  return names.map((name) => byName.get(name) ?? { name, problem: new Problem('forbidden') })
}

/**
 * What a function makes of the current value of each secret, in no order. It is given them batch by batch, so that they are not
 * all held at once. Whether the caller may is not asked here.
 *
 * @throws Problem as AWS answers to the whole
 */
export async function mapValues<T> (scope: Scope, names: readonly SecretName[], use: (result: ReadResult) => T): Promise<T[]> {
  const batches = Array.from({ length: Math.ceil(names.length / batchSize) }, (_, index) =>
    names.slice(index * batchSize, (index + 1) * batchSize))
  const used = await pMap(batches, async (batch) => (await readBatch(scope, batch)).map(use), { concurrency: concurrentBatches })
  return used.flat()
}

/**
 * The current values of all secrets that match the filters and that the caller may read.
 *
 * @throws Problem as AWS answers
 */
export async function readMatching (scope: Scope, filters: SecretFilters): Promise<ReadResult[]> {
  const results = await readPages(scope, { Filters: awsFilters(scope, filters), MaxResults: shapes.MaxResultsBatchType.max })
  const allowed = await permitted(scope, 'GetSecretValue', results.map(({ name }) => name))
  return results.filter(({ name }) => allowed.has(name))
}

/** All pages of one request. */
async function readPages (scope: Scope, request: Parameters<Scope['aws']['batchGetSecretValue']>[0]): Promise<ReadResult[]> {
  const results: ReadResult[] = []
  let cursor: string | undefined
  do {
    const page = await scope.aws.batchGetSecretValue({ ...request, NextToken: cursor })
    results.push(...resultsFrom(scope, page))
    cursor = page.NextToken
  } while (cursor !== undefined)
  return results
}

function parseNames (scope: Scope, texts: readonly string[]): SecretName[] {
  const errors: RequestError[] = []
  const names = texts.flatMap((text, index) => {
    const parsed = parseSecretName(scope.environment, text)
    if ('name' in parsed) return [parsed.name]
    errors.push({ in: 'body', pointer: `/names/${index}`, message: parsed.mistake })
    return []
  })
  if (errors.length > 0) throw invalidRequest(...errors)
  return names
}

async function readBatch (scope: Scope, names: readonly SecretName[]): Promise<ReadResult[]> {
  const results = await readPages(scope, { SecretIdList: names.map((name) => toAwsName(scope.environment, name)) })
  const answered = new Set(results.map(({ name }) => name))
  const missing = names.filter((name) => !answered.has(name))
  return [...results, ...missing.map((name) => ({ name, problem: new Problem('secret-not-found') }))]
}

function resultsFrom (scope: Scope, { SecretValues = [], Errors = [] }: BatchGetSecretValueReply): ReadResult[] {
  const call = { operation: 'BatchGetSecretValue', credentialId: scope.credentialId }
  const named = <T>(awsName: string | undefined, result: (name: SecretName) => T): T[] => {
    const name = fromAwsName(scope.environment, awsNameOf(awsName ?? ''))
    return name === undefined ? [] : [result(name)]
  }
  return [
    ...SecretValues.flatMap((value) => named(value.Name, (name) => ({ name, secret: secretFrom(name, value) }))),
    ...Errors.flatMap(({ SecretId, ErrorCode = '', Message = '' }) => named(SecretId, (name) =>
      ({ name, problem: currentMissing(problemFrom({ name: ErrorCode, message: Message }, call)) })))
  ]
}

/** AWS gives the failing secret as it was asked for, or, found by a filter, as an ARN. */
const awsNameOf = (secretId: string): string => /^arn:[^:]*:secretsmanager:[^:]*:\d*:secret:(.+)-.{6}$/.exec(secretId)?.[1] ?? secretId
