import type { CacheStatus } from '#src/aws/caching'
import type { AwsCall } from '#src/aws/call'
import type { SecretsPort, VersionSelector } from '#src/aws/port'
import type { ReadSecret } from '#src/aws/secret'
import type { Environment } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import { createBatches } from './batches.ts'
import { cacheEffectOf, isSessionSpecific } from './failures.ts'
import { createFetcher, type Read } from './fetcher.ts'
import { waitFor } from './flights.ts'
import { absenceIn, versionIn, type Absence, type CachedVersion } from './cached-secret.ts'
import type { Memory } from './memory.ts'
import { absenceTime, pauseAfterFailure, settlingTtl, type CacheOptions } from './settings.ts'
import { ownerOf, targetOf } from './targets.ts'
import { createWatches, type Watches } from './watches.ts'

/** A cached answer that a read may use. */
interface Usable {
  readonly answer: CachedVersion | Absence
  readonly status: CacheStatus
}

/** Reads secrets through the cache. */
export interface Reader {
  /** Reads a secret, from memory if possible and if the call allows it. */
  readonly getSecretValue: SecretsPort['getSecretValue']
  /**
   * Reads the current version of a secret from AWS before any caller requests it, on the gateway's own behalf and with the
   * environment's default credential. Does nothing if the version is already cached, or if callers could not share the result.
   *
   * @throws Problem if it can't be read
   */
  readonly preload: (environment: Environment, name: SecretName) => Promise<void>
  /** The secrets that are watched for changes. */
  readonly watches: Watches
  /** Returns false if the cache is disabled in the environment. Then its secrets can't be watched. */
  readonly keeps: (environment: Environment) => boolean
}

/**
 * Creates the functions that read secrets, from the cache if possible.
 *
 * @param port calls AWS
 * @param stop ends the renewals when it is aborted
 */
export function createReader (
  port: Pick<SecretsPort, 'getSecretValue' | 'batchGetSecretValue'>, memory: Memory, options: CacheOptions, stop: AbortSignal
): Reader {
  const { timesOf, hasSessions, sharesReads, monotonic, schedule } = options
  const { flights } = memory
  const batches = createBatches(port, options)
  const renewing = new Set<string>()
  const watches = createWatches({
    memory,
    timesOf,
    monotonic,
    after: schedule,
    readOf (call, name) {
      const { environment, credentialId } = call
      return readOf(compact({ environment, credentialId, callerId: ownerOf(call, sharesReads) }), name, {})
    },
    loadFromAws: async (read, isUrgent) => isUrgent ? joinOrBegin(read) : renew(read)
  })
  const fetch = createFetcher(batches, memory, options, watches.observe)

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

  /** Renews a version before it becomes stale, as long as callers read it, so that no caller waits for AWS. */
  function renewInTime (version: CachedVersion, { age = 0, problem }: CacheStatus, read: Read): void {
    version.use.reads += 1
    const isDue = !version.isSettling && problem === undefined && isRenewalDue(version, age, read.times.ttl)
    if (isDue && !renewing.has(flightKey(read))) renew(read).catch(() => undefined)
  }

  /** Reads a secret from AWS in the background. Other reads don't share this call. */
  async function renew (read: Read): Promise<void> {
    const { call: { environment, credentialId, callerId }, target } = read
    const key = flightKey(read)
    renewing.add(key)
    const call = compact({ environment, credentialId, callerId, background: stop })
    await flights.begin(target.secret, undefined, call, fetch(read)).result.finally(() => { renewing.delete(key) })
  }

  /** Reads a secret from AWS on the gateway's own behalf, or joins a read that is in progress. */
  async function joinOrBegin (read: Read): Promise<void> {
    const key = flightKey(read)
    await waitFor(flights.find(key) ?? flights.begin(read.target.secret, key, read.call, fetch(read)), read.call)
  }

  /** Reads a secret from AWS. If the same read is already in progress for another caller, waits for its answer instead. */
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
      const kept = cacheEffectOf(error) === 'unanswered' ? usable(read) : undefined
      if (kept !== undefined) return answerWith({ ...kept, status: { forwarded, ...kept.status } }, read)
      report({})
      const isOthers = joined !== undefined && joined.callerId !== call.callerId && hasSessions(call.credentialId)
      if (isOthers && isSessionSpecific(error)) return port.getSecretValue(call, name, selector)
      throw error
    }
  }

  const reasonOf = ({ call: { caching }, selector, target }: Read): 'request' | 'stale' | 'miss' =>
    caching?.maximumAge === 0 ? 'request' : versionIn(memory.store.get(target), selector) === undefined ? 'miss' : 'stale'

  function readOf (call: AwsCall, name: SecretName, selector: VersionSelector): Read {
    const owner = ownerOf(call, sharesReads)
    return { call, name, selector, owner, target: targetOf(call, name, owner), times: timesOf(call.environment) }
  }

  const getSecretValue: SecretsPort['getSecretValue'] = async (call, name, selector = {}) => {
    const { caching } = call
    if (caching === undefined) return port.getSecretValue(call, name, selector)
    const read = readOf(call, name, selector)
    if (read.times.ttl === 0) {
      caching.onStatus({ forwarded: 'bypass' })
      return port.getSecretValue(call, name, selector)
    }
    if (caching.maximumAge === 0) await caching.onRefresh?.()
    const kept = usable(read)
    if (kept !== undefined) return answerWith(kept, read)
    if (call.beforeSending !== undefined) await batches.announce(read, call.beforeSending())
    // Another caller may have read the secret in the meantime.
    const since = usable(read)
    return since === undefined ? forward(read) : answerWith(since, read)
  }

  return {
    getSecretValue,
    async preload (environment, name) {
      const read = readOf({ environment, credentialId: environment.credential }, name, {})
      const isUseless = read.times.ttl === 0 || !sharesReads(environment.credential)
      if (isUseless || usable(read) !== undefined) return
      await joinOrBegin(read)
    },
    watches,
    keeps: (environment) => timesOf(environment).ttl > 0
  }
}

/** The fraction of the time to live for which a version is not renewed. */
const earliestRenewal = 0.5

/** A version is renewed early if fewer reads than this are expected before it expires. */
const lastReads = 5

/**
 * Returns true if a version that is being read should be renewed: at its scheduled time, or earlier if it is read so rarely that
 * it could expire before the next read. Renewals are batched, whereas reading an expired version often costs a separate call.
 */
function isRenewalDue ({ renewAfter, use: { reads } }: CachedVersion, age: number, ttl: number): boolean {
  const isNearItsEnd = (ttl - age) * reads < age * lastReads
  return age >= ttl * renewAfter || (isNearItsEnd && age >= ttl * earliestRenewal)
}

const flightKey = ({ target, selector: { versionId, versionStage } }: Read): string =>
  `${target.key}${JSON.stringify([versionId, versionStage])}`
