import pMap from 'p-map'
import { cacheUse } from '#src/audit/cache-use'
import type { SecretOutcome } from '#src/audit/secret-outcome'
import type { CacheStatus, Caching } from '#src/aws/caching'
import { shapes } from '#src/aws-model/shapes'
import type { BatchResult } from '#src/aws/port'
import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import type { ProblemCode } from '#src/problems/catalogue'
import { Problem } from '#src/problems/problem'
import { currentMissing } from './read.ts'
import type { Scope } from './scope.ts'

const batchSize = shapes.SecretIdListType.max
const concurrentBatches = 4

/** The number of values that are read at the same time. */
export const concurrentValues = batchSize * concurrentBatches

/** The current value of one of several secrets, or its problem. `source` is present if the secret was read through the cache. */
export type CurrentValue = BatchResult & { readonly source?: CacheStatus }

/** The problems that concern all secrets of a request alike. */
const concernsAll: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'audit-unavailable', 'aws-throttled', 'aws-timeout', 'aws-unavailable', 'caller-gone', 'credential-account-mismatch', 'credential-invalid',
  'overloaded', 'rate-limited'
])

/**
 * Reads the current values of secrets: through the cache if the scope has `caching`, and otherwise from AWS. The results are in
 * no particular order. The caller's permissions are not checked.
 *
 * @throws Problem for any problem that concerns all secrets alike
 */
export async function readValues (scope: Scope, names: readonly SecretName[]): Promise<CurrentValue[]> {
  const { caching } = scope
  if (caching === undefined) return mapValues(scope, names, (result) => result)
  // Concurrent reads of secrets that are not cached share calls to AWS.
  return pMap(names, async (name) => readThroughCache(scope, caching, name), { concurrency: concurrentValues })
}

/** Reads the current value of one of several secrets through the cache. @throws Problem see `readValues` */
export async function readThroughCache (scope: Scope, caching: Caching, name: SecretName): Promise<CurrentValue> {
  let source: CacheStatus | undefined
  const onStatus = (status: CacheStatus): void => {
    source = status
    caching.onStatus(status)
  }
  try {
    const secret = await scope.aws.getSecretValue({ ...scope, caching: { ...caching, onStatus } }, name)
    return compact({ name, secret, source })
  } catch (error) {
    if (!(error instanceof Problem) || concernsAll.has(error.code)) throw error
    return compact({ name, problem: currentMissing(error), source })
  }
}

/** Returns the outcome for one of several secrets, for the audit trail. */
export const readOutcome = ({ name, source, ...result }: CurrentValue): SecretOutcome => compact({
  name,
  action: 'GetSecretValue' as const,
  cache: source && cacheUse(source),
  ...'secret' in result ? { versionId: result.secret.versionId } : { problem: result.problem }
})

/**
 * Applies `map` to the current value of each named secret, as AWS returns it. The results are in no particular order. The values
 * are read in batches, so that they are not all in memory at the same time. The caller's permissions are not checked.
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

async function readBatch (scope: Scope, names: readonly SecretName[]): Promise<BatchResult[]> {
  const results = await readPages(scope, names)
  const returned = new Set(results.map(({ name }) => name))
  const missing = names.filter((name) => !returned.has(name))
  return [...results, ...missing.map((name) => ({ name, problem: new Problem('secret-not-found') }))]
}
