import pMap from 'p-map'
import { shapes } from '#src/aws-model/shapes'
import type { BatchResult } from '#src/aws/port'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import { currentMissing } from './read.ts'
import type { Scope } from './scope.ts'

const batchSize = shapes.SecretIdListType.max
const concurrentBatches = 4

/** The number of values that are read at the same time. */
export const concurrentValues = batchSize * concurrentBatches

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
