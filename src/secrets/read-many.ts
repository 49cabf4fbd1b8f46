import pMap from 'p-map'
import { shapes } from '#src/aws-model/shapes'
import type { BatchResult } from '#src/aws/port'
import { maximumNameLength, parseSecretName, type SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { invalidRequest, Problem, type RequestError } from '#src/problems/problem'
import { forEachInTurns, mapInTurns } from '#src/scheduling/turns'
import { allSecrets } from './all-secrets.ts'
import { permitted, permittedFound } from './permitted.ts'
import { currentMissing } from './read.ts'
import type { ValueFilters } from './schemas.ts'
import type { Scope } from './scope.ts'
import { countUnaddressable } from './unaddressable.ts'

const batchSize = shapes.SecretIdListType.max
const concurrentBatches = 4

/**
 * Reads the current values of the named secrets. The results are in the order of the names. For a secret that can't be read, the
 * result contains a problem.
 *
 * @throws Problem `invalid-request` for an invalid name, and any AWS error that concerns a whole batch
 */
export async function readNamed (scope: Scope, texts: readonly string[]): Promise<BatchResult[]> {
  const names = await parseNames(scope, texts)
  const results = await readPermitted(scope, await permitted(scope, 'GetSecretValue', names))
  return mapInTurns(names, (name) => results.get(name) ?? { name, problem: new Problem('forbidden') })
}

/**
 * Applies `map` to the current value of each named secret. The results are in no particular order. The values are read in
 * batches, so that they are not all in memory at the same time. The caller's permissions are not checked.
 *
 * @throws Problem for any AWS error that concerns a whole batch
 */
export async function mapValues<T> (scope: Scope, names: readonly SecretName[], map: (result: BatchResult) => T): Promise<T[]> {
  const batches = Array.from({ length: Math.ceil(names.length / batchSize) }, (_, index) =>
    names.slice(index * batchSize, (index + 1) * batchSize))
  const mapped = await pMap(batches, async (batch) => (await readBatch(scope, batch)).map(map), {
    concurrency: concurrentBatches
  })
  return mapped.flat()
}

/** The values of the secrets that match filters. */
export interface MatchingValues {
  results: BatchResult[]
  /**
   * The number of matching secrets that are left out because the gateway can't address them. Only secrets that the caller may
   * read are counted. Absent if there are none.
   */
  unaddressable?: number
}

/**
 * Reads the current values of all secrets that match the filters exactly and that the caller may read. No other values are read.
 * If the filters contain tags, the caller must also be allowed to describe a secret, because the result reveals its tags.
 *
 * @throws Problem `invalid-request` if the prefix is longer than any secret name can be
 * @throws Problem for any AWS error
 */
export async function readMatching (scope: Scope, filters: ValueFilters): Promise<MatchingValues> {
  const { namePrefix = '', tags } = filters
  if (scope.environment.namePrefix.length + namePrefix.length > maximumNameLength) {
    throw invalidRequest({ in: 'body', pointer: '/filters/namePrefix', message: 'must NOT be longer than a name can be in this environment' })
  }
  const { secrets, unaddressable } = await allSecrets(scope, filters)
  const matching = secrets.map(({ name }) => name)
  const described = tags === undefined ? matching : [...await permittedFound(scope, 'DescribeSecret', matching)]
  const results = await readPermitted(scope, await permittedFound(scope, 'GetSecretValue', described))
  const actions = tags === undefined ? ['GetSecretValue'] as const : ['DescribeSecret', 'GetSecretValue'] as const
  return compact({
    results: described.flatMap((name) => results.get(name) ?? []),
    unaddressable: await countUnaddressable(scope, actions, unaddressable.map(({ name }) => name))
  })
}

/** Reads the values of secrets that the caller may read. The keys of the result are the secrets' names. */
async function readPermitted (scope: Scope, names: ReadonlySet<SecretName>): Promise<Map<SecretName, BatchResult>> {
  const results = await mapValues(scope, [...names], (result) => result)
  return new Map(results.map((result) => [result.name, result]))
}

/** Reads one batch, from all pages of AWS's response. */
async function readPages (scope: Scope, names: readonly SecretName[]): Promise<BatchResult[]> {
  const results: BatchResult[] = []
  let cursor: string | undefined
  do {
    const { items, nextCursor } = await scope.aws.batchGetSecretValue(scope, { names, cursor })
    for (const result of items) results.push('problem' in result ? { ...result, problem: currentMissing(result.problem) } : result)
    cursor = nextCursor
  } while (cursor !== undefined)
  return results
}

async function parseNames (scope: Scope, texts: readonly string[]): Promise<SecretName[]> {
  const names: SecretName[] = []
  const errors: RequestError[] = []
  await forEachInTurns(texts, (text, index) => {
    const parsed = parseSecretName(scope.environment, text)
    if ('name' in parsed) names.push(parsed.name)
    else errors.push({ in: 'body', pointer: `/names/${index}`, message: parsed.mistake })
  })
  if (errors.length > 0) throw invalidRequest(errors)
  return names
}

async function readBatch (scope: Scope, names: readonly SecretName[]): Promise<BatchResult[]> {
  const results = await readPages(scope, names)
  const returned = new Set(results.map(({ name }) => name))
  const missing = names.filter((name) => !returned.has(name))
  return [...results, ...missing.map((name) => ({ name, problem: new Problem('secret-not-found') }))]
}
