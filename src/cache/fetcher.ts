import type { AwsCall } from '#src/aws/call'
import type { SecretsPort, VersionSelector } from '#src/aws/port'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import { meaningOf } from './failures.ts'
import type { Fetch } from './flights.ts'
import { nothing, versionIn, withAbsence, withVersion } from './kept-secret.ts'
import type { Memory } from './memory.ts'
import { absenceTime, settlingTtl, type CacheOptions, type Times } from './settings.ts'
import type { Target } from './store.ts'

/** A read that the cache may answer. */
export interface Read {
  readonly call: AwsCall
  readonly name: SecretName
  readonly selector: VersionSelector
  readonly target: Target
  readonly times: Times
}

/** A value in use is renewed after a fraction of its time to live: `least`, plus a random fraction of up to `random`. */
const renewal = { least: 0.75, random: 0.2 }

/** Returns a function that asks AWS, and caches the answer. */
export function createFetcher (
  getSecretValue: SecretsPort['getSecretValue'], memory: Memory, { monotonic, random = Math.random }: CacheOptions
): (read: Read) => Fetch {
  /** Updates the cache with what a failed read shows about the secret. */
  function learn (error: unknown, { target, selector, times }: Read, since: number, isCurrent: boolean): void {
    const { store } = memory
    const meaning = meaningOf(error)
    if (!(error instanceof Problem) || meaning === 'undecided') return
    const { code } = error
    const kept = store.get(target)
    if (meaning === 'refused') {
      store.set(target, nothing)
    } else if (meaning === 'unanswered') {
      if (isCurrent) store.set(target, { ...kept, failure: { at: monotonic(), code } })
    } else if (isCurrent && !((versionIn(kept, selector)?.since ?? since) > since)) {
      const until = since + Math.min(times.ttl, absenceTime)
      store.set(target, withAbsence(code === 'secret-not-found' ? nothing : kept, { selector, code, since, until }))
    }
  }

  return (read) => async (call, isCurrent) => {
    const { name, selector, target, times } = read
    const since = monotonic()
    const isSettling = memory.settling.has(target.secret)
    try {
      const secret = await getSecretValue(call, name, selector)
      if (isCurrent()) {
        const until = since + (isSettling ? settlingTtl : times.ttl + times.staleIfError)
        const renewAfter = renewal.least + renewal.random * random()
        memory.store.set(target, withVersion(memory.store.get(target), { secret, since, until, renewAfter, isSettling }))
      }
      return secret
    } catch (error) {
      learn(error, read, since, isCurrent())
      throw error
    }
  }
}
