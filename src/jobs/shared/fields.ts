import type { JobState, Settled } from '#src/jobs/job'
import { bulkResults, type BulkCounts } from '#src/secrets/bulk/schemas'
import { countOf, zeroCounts } from '#src/secrets/counts'

/** Returns the state of a job. @param fields the stored fields of the job */
export const stateOf = (fields: ReadonlyMap<string, string>): JobState => {
  if (fields.has('endedAt')) return 'ended'
  return fields.has('cancelled') ? 'stopping' : 'running'
}

/**
 * Returns the stored number of results of each kind, for a running job. It is not authenticated, so anyone with write access to
 * the store could have changed it.
 */
export function countsIn (fields: ReadonlyMap<string, string>): BulkCounts {
  const counts = zeroCounts(bulkResults)
  for (const name of Object.keys(counts) as (keyof BulkCounts)[]) counts[name] = Number(fields.get(`count:${name}`) ?? 0)
  return counts
}

/** Counts the results of each kind. */
export function countsOf (results: Iterable<Settled>): BulkCounts {
  const counts = zeroCounts(bulkResults)
  for (const { item: { result } } of results) counts[countOf[result]] += 1
  return counts
}

export const listOf = (reply: unknown): readonly unknown[] => Array.isArray(reply) ? reply : []

/** Converts a list of strings and numbers to a list of strings. */
export const texts = (reply: unknown): string[] => listOf(reply).map(String)

/** Returns the fields of a hash. A script returns them as a list in which names and values alternate. */
export function pairs (reply: unknown): Map<string, string> {
  const list = texts(reply)
  const fields = new Map<string, string>()
  for (let at = 0; at + 1 < list.length; at += 2) fields.set(list[at] ?? '', list[at + 1] ?? '')
  return fields
}
