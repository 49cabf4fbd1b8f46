import type { JobState, Settled } from '#src/jobs/job'
import { bulkResults, type BulkCounts } from '#src/secrets/bulk/schemas'
import { countOf, zeroCounts } from '#src/secrets/counts'

/** Returns the state of a job. @param fields what is stored of it */
export const stateOf = (fields: ReadonlyMap<string, string>): JobState => {
  if (fields.has('endedAt')) return 'ended'
  return fields.has('cancelled') ? 'stopping' : 'running'
}

/** Returns the number of results of each kind, as it is stored while the job runs. Who can write to the store can change it. */
export function countsIn (fields: ReadonlyMap<string, string>): BulkCounts {
  const counts = zeroCounts(bulkResults)
  for (const name of Object.keys(counts) as (keyof BulkCounts)[]) counts[name] = Number(fields.get(`count:${name}`) ?? 0)
  return counts
}

/** Returns the number of results of each kind. */
export function countsOf (results: Iterable<Settled>): BulkCounts {
  const counts = zeroCounts(bulkResults)
  for (const { item: { result } } of results) counts[countOf[result]] += 1
  return counts
}

export const listOf = (reply: unknown): readonly unknown[] => Array.isArray(reply) ? reply : []

/** Returns the texts and numbers of a list. */
export const texts = (reply: unknown): string[] => listOf(reply).map(String)

/** Returns the fields of a hash, which a script returns as names and values in turn. */
export function pairs (reply: unknown): Map<string, string> {
  const list = texts(reply)
  const fields = new Map<string, string>()
  for (let at = 0; at + 1 < list.length; at += 2) fields.set(list[at] ?? '', list[at + 1] ?? '')
  return fields
}
