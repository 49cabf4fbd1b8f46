import type { ReadSecret } from '#src/aws/secret'
import { Problem } from '#src/problems/problem'
import type { BatchedRead, Batches } from './batches.ts'
import { cacheEffectOf } from './failures.ts'
import type { Fetch } from './flights.ts'
import { emptySecret, selectsCurrent, versionIn, withAbsence, withVersion, type CachedVersion } from './cached-secret.ts'
import type { Memory } from './memory.ts'
import { absenceTime, settlingTtl, type CacheOptions, type Times } from './settings.ts'
import type { Target } from './store.ts'

/** A read that the cache may answer. */
export interface Read extends BatchedRead {
  readonly target: Target
  readonly times: Times
}

/**
 * The times of renewals, as fractions of the time to live. A value in use is renewed after `least`, plus a random fraction of up
 * to `random`. The renewal may wait for up to `spare` to share a call with others, and still ends before the value expires.
 */
export const renewal = { least: 0.8, random: 0.1, spare: 1 / 20 }

/**
 * Returns a function that reads from AWS, and caches the result.
 *
 * @param observe called with the ID of the current version whenever AWS has returned it, and with undefined if AWS has refused to
 * return it, or if there is no current version
 */
export function createFetcher (
  { read: ask }: Batches, memory: Memory, { monotonic, random = Math.random }: CacheOptions,
  observe: (target: Target, versionId: string | undefined) => void
): (read: Read) => Fetch<ReadSecret> {
  /** Updates the cache according to a failed read. */
  function learn (error: unknown, { target, selector, times }: Read, since: number, isCurrent: boolean): void {
    const { store } = memory
    const effect = cacheEffectOf(error)
    if (!(error instanceof Problem) || effect === 'undecided') return
    const { code } = error
    const kept = store.get(target)
    if (isCurrent && effect !== 'unanswered' && selectsCurrent(selector)) observe(target, undefined)
    if (effect === 'refused') {
      store.set(target, emptySecret)
    } else if (effect === 'unanswered') {
      if (isCurrent) store.set(target, { ...kept, failure: { at: monotonic(), code } })
    } else if (isCurrent && !((versionIn(kept, selector)?.since ?? since) > since)) {
      const until = since + Math.min(times.ttl, absenceTime)
      store.set(target, withAbsence(code === 'secret-not-found' ? emptySecret : kept, { selector, code, since, until }))
    }
  }

  return (read) => async (call, isCurrent) => {
    const { target, times } = read
    const since = monotonic()
    const isSettling = memory.settling.has(target.secret)
    try {
      const secret = await ask({ ...read, call }, times.ttl * renewal.spare)
      if (isCurrent()) {
        const until = since + (isSettling ? settlingTtl : times.ttl + times.staleIfError)
        const renewAfter = renewal.least + renewal.random * random()
        const version: CachedVersion = { secret, since, until, renewAfter, isSettling, use: { reads: 0 } }
        const kept = withVersion(memory.store.get(target), version)
        memory.store.set(target, kept)
        const current = versionIn(kept, {})
        if (current !== undefined) observe(target, current.secret.versionId)
      }
      return secret
    } catch (error) {
      learn(error, read, since, isCurrent())
      throw error
    }
  }
}
