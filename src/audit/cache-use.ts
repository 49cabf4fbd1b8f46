import type { CacheStatus } from '#src/aws/caching'

/** The use of a cached answer: `hit` if it was fresh, or `stale` if its time to live had ended but AWS did not answer. */
export type CacheUse = 'hit' | 'stale'

/** Returns how a cached answer was used, or undefined if the answer comes from AWS. */
export function cacheUse ({ age, problem }: CacheStatus): CacheUse | undefined {
  if (age === undefined) return undefined
  return problem === undefined ? 'hit' : 'stale'
}
