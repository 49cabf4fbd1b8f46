import { secretOf, type CacheStatus } from '#src/aws/caching'
import type { SecretsPort } from '#src/aws/port'
import type { ReadSecret } from '#src/aws/secret'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import { concernsSession, meaningOf } from './failures.ts'
import { createFetcher, type Read } from './fetcher.ts'
import { waitFor } from './flights.ts'
import { absenceIn, versionIn, type Absence, type KeptVersion } from './kept-secret.ts'
import type { Memory } from './memory.ts'
import { absenceTime, pauseAfterFailure, settlingTtl, type CacheOptions } from './settings.ts'

/** A cached answer that a read may use. */
interface Usable {
  readonly answer: KeptVersion | Absence
  readonly status: CacheStatus
}

/**
 * Creates the function that reads a secret, from the cache if possible.
 *
 * @param getSecretValue asks AWS
 * @param stop ends the renewals when it is aborted
 */
export function createReader (
  getSecretValue: SecretsPort['getSecretValue'], memory: Memory, options: CacheOptions, stop: AbortSignal
): SecretsPort['getSecretValue'] {
  const { timesOf, hasSessions, sharesReads, monotonic } = options
  const { flights } = memory
  const fetch = createFetcher(getSecretValue, memory, options)
  const renewing = new Set<string>()

  /** Returns the cached answer if the read may use it. */
  function usable ({ call: { caching }, selector, target, times: { ttl, staleIfError } }: Read): Usable | undefined {
    const kept = memory.store.get(target)
    const answer = versionIn(kept, selector) ?? absenceIn(kept, selector)
    if (answer === undefined) return undefined
    const now = monotonic()
    const age = now - answer.since
    const longest = 'code' in answer ? absenceTime : answer.isSettling ? settlingTtl : Infinity
    const fresh = Math.min(ttl, longest)
    const status = { age, ttl: fresh - age }
    if (age < Math.min(fresh, caching?.maximumAge ?? Infinity)) return { answer, status }
    const { failure } = kept
    const mayBeStale = longest === Infinity && caching?.maximumAge === undefined && age < fresh + staleIfError
    if (!mayBeStale || failure === undefined || now - failure.at >= pauseAfterFailure) return undefined
    return { answer, status: { ...status, problem: failure.code } }
  }

  /** Answers a read from the cache. @throws Problem if the cached answer is that the secret or the version does not exist */
  function answerWith ({ answer, status }: Usable, read: Read): ReadSecret {
    read.call.caching?.onStatus(status)
    if ('code' in answer) throw new Problem(answer.code)
    renewInTime(answer, status, read)
    return { ...answer.secret, name: read.name }
  }

  /** Renews a version before it becomes stale, as long as callers read it. So none of them has to wait for AWS. */
  function renewInTime ({ renewAfter, isSettling }: KeptVersion, { age = 0, problem }: CacheStatus, read: Read): void {
    const { call: { environment, credentialId, callerId }, target, times } = read
    const key = flightKey(read)
    if (isSettling || problem !== undefined || age < times.ttl * renewAfter || renewing.has(key)) return
    renewing.add(key)
    const ended = (): void => { renewing.delete(key) }
    const call = compact({ environment, credentialId, callerId, background: stop })
    flights.begin(target.secret, undefined, call, fetch(read)).result.then(ended, ended)
  }

  /** Asks AWS. If the same read is already in progress for another caller, waits for the answer to that read instead. */
  async function forward (read: Read): Promise<ReadSecret> {
    const { call, name, selector, target, times: { ttl } } = read
    const forwarded = reasonOf(read)
    const report = (status: CacheStatus): void => { call.caching?.onStatus({ forwarded, ...status }) }
    const joined = forwarded === 'request' ? undefined : flights.find(flightKey(read))
    const flight = joined ?? flights.begin(target.secret, flightKey(read), call, fetch(read))
    try {
      const secret = await waitFor(flight, call)
      report({ ttl, ...joined !== undefined && { collapsed: true } })
      return { ...secret, name }
    } catch (error) {
      const kept = meaningOf(error) === 'unanswered' ? usable(read) : undefined
      if (kept !== undefined) return answerWith({ ...kept, status: { forwarded, ...kept.status } }, read)
      report({})
      const isOthers = joined !== undefined && joined.callerId !== call.callerId && hasSessions(call.credentialId)
      if (isOthers && concernsSession(error)) return getSecretValue(call, name, selector)
      throw error
    }
  }

  const reasonOf = ({ call: { caching }, selector, target }: Read): 'request' | 'stale' | 'miss' =>
    caching?.maximumAge === 0 ? 'request' : versionIn(memory.store.get(target), selector) === undefined ? 'miss' : 'stale'

  return async (call, name, selector = {}) => {
    const { caching, environment, credentialId, callerId } = call
    if (caching === undefined) return getSecretValue(call, name, selector)
    const times = timesOf(environment)
    if (times.ttl === 0) {
      caching.onStatus({ forwarded: 'bypass' })
      return getSecretValue(call, name, selector)
    }
    const secret = secretOf(call, name)
    const owner = sharesReads(credentialId) ? undefined : callerId
    // The key is unambiguous, because only its last part, the caller's ID, could contain a line feed.
    const key = [secret, environment.region, environment.account, credentialId, owner].join('\n')
    const read: Read = { call, name, selector, target: { secret, key }, times }
    const kept = usable(read)
    if (kept !== undefined) return answerWith(kept, read)
    if (call.beforeSending !== undefined) await call.beforeSending()
    // Another caller may have read the secret in the meantime.
    const since = usable(read)
    return since === undefined ? forward(read) : answerWith(since, read)
  }
}

const flightKey = ({ target, selector: { versionId, versionStage } }: Read): string =>
  `${target.key}${JSON.stringify([versionId, versionStage])}`
