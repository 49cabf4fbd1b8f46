import type { AwsCall } from '#src/aws/call'
import { getOrCreate } from '#src/collections/get-or-create'
import type { SecretName } from '#src/environments/names'
import type { After } from '#src/scheduling/timeouts'
import { forEachInTurns } from '#src/scheduling/turns'
import { cacheEffectOf } from './failures.ts'
import { renewal, type Read } from './fetcher.ts'
import { versionIn, type CachedVersion } from './cached-secret.ts'
import type { Memory } from './memory.ts'
import { pauseAfterFailure, type CacheOptions } from './settings.ts'
import type { Target } from './store.ts'

/**
 * Called with the ID of the current version when it becomes known, and whenever it changes. The ID is undefined if the secret
 * can't be read, for example because it has been deleted.
 */
export type Listener = (versionId: string | undefined) => void

/** The secrets that are watched for changes. All listeners of a secret share one entry in the cache, and one timeout. */
export interface Watches {
  /**
   * Watches a secret until the returned function is called. In the meantime, its current version stays in the cache, and is
   * renewed before it becomes stale. If the version is already known, calls the listener at once.
   */
  readonly open: (call: AwsCall, name: SecretName, listener: Listener) => () => void
  /**
   * Reports the current version that AWS has returned; undefined if AWS has refused to return it, or if there is no current
   * version.
   */
  readonly observe: (target: Target, versionId: string | undefined) => void
  /** Reads a secret that may have changed, and again for a while if AWS still returns the old version. */
  readonly review: (secret: string) => void
  /** Reads all watched secrets, because any of them may have changed. */
  readonly reviewAll: () => void
  /** Calls a function with the AWS name of each secret that is reviewed, whether it is watched or not. */
  readonly onReview: (listener: (secret: string) => void) => void
  /** Returns the number of watched secrets, counted once per credential or, if callers don't share reads, per caller. */
  readonly size: () => number
}

/** A watched secret, as it is read with one credential. */
interface Watch {
  readonly call: AwsCall
  readonly name: SecretName
  readonly target: Target
  readonly listeners: Set<Listener>
  /** The latest observation. Absent until the first one. */
  current?: { readonly versionId: string | undefined }
  /** The time at which the secret may have changed. Absent once the change has been seen. */
  reviewedAt?: number
  /** The number of reads so far. */
  readCount: number
  cancel?: () => void
}

/**
 * The pauses between reads while an announced change is not visible yet, for example during a rotation. A pause is this fraction
 * of the time since the announcement, but at least `least` milliseconds.
 */
const pauses = { least: 500, fraction: 0.1 }

/** The dependencies of watches. */
export interface WatchContext extends Pick<CacheOptions, 'timesOf' | 'monotonic'> {
  readonly memory: Memory
  readonly after: After
  readonly readOf: (call: AwsCall, name: SecretName) => Read
  /** Reads the secret from AWS. @param isUrgent false for a renewal, which yields to all other calls */
  readonly loadFromAws: (read: Read, isUrgent: boolean) => Promise<unknown>
}

export function createWatches ({ memory, timesOf, monotonic, after, readOf, loadFromAws }: WatchContext): Watches {
  /** The watches, keyed by the secret's AWS name, then by the key of the target. */
  const watchesOf = new Map<string, Map<string, Watch>>()
  const reviewListeners: ((secret: string) => void)[] = []

  const keptFor = (target: Target): CachedVersion | undefined => versionIn(memory.store.get(target), {})

  /** Returns the milliseconds until the next read, unless the last read failed. */
  function delayOf ({ call: { environment }, target, reviewedAt }: Watch): number {
    const now = monotonic()
    if (reviewedAt !== undefined && memory.settling.has(target.secret)) return (now - reviewedAt) * pauses.fraction
    const kept = keptFor(target)
    return timesOf(environment).ttl * (kept?.renewAfter ?? renewal.least) - (kept === undefined ? 0 : now - kept.since)
  }

  function schedule (watch: Watch, delay = delayOf(watch)): void {
    watch.cancel?.()
    watch.cancel = after(Math.max(pauses.least, delay), () => { refresh(watch) })
  }

  /** Reads the secret from AWS. The fetcher passes the result to `observe`. */
  function refresh (watch: Watch): void {
    watch.cancel?.()
    const readCount = watch.readCount += 1
    const { call, name, target, reviewedAt } = watch
    const isUrgent = watch.current === undefined || (reviewedAt !== undefined && memory.settling.has(target.secret))
    const next = (delay?: number): void => {
      if (watch.readCount === readCount && watch.listeners.size > 0) schedule(watch, delay)
    }
    loadFromAws(readOf(call, name), isUrgent).then(() => { next() }, (error: unknown) => {
      next(cacheEffectOf(error) === 'absent' ? undefined : Math.max(pauseAfterFailure, timesOf(call.environment).ttl * pauses.fraction))
    })
  }

  function notify (watch: Watch): void {
    void forEachInTurns([...watch.listeners], (listener) => {
      if (watch.listeners.has(listener)) listener(watch.current?.versionId)
    })
  }

  function observe ({ secret, key }: Target, versionId: string | undefined): void {
    const watch = watchesOf.get(secret)?.get(key)
    if (watch === undefined) return
    if (watch.current === undefined || watch.current.versionId !== versionId) {
      watch.current = { versionId }
      delete watch.reviewedAt
      notify(watch)
    }
    schedule(watch)
  }

  function begin (call: AwsCall, name: SecretName, target: Target): Watch {
    const watch: Watch = { call, name, target, listeners: new Set(), readCount: 0 }
    if (memory.settling.has(target.secret)) watch.reviewedAt = monotonic()
    const kept = keptFor(target)
    if (kept === undefined || monotonic() - kept.since >= timesOf(call.environment).ttl) {
      refresh(watch)
    } else {
      watch.current = { versionId: kept.secret.versionId }
      schedule(watch)
    }
    return watch
  }

  function review (secret: string): void {
    for (const watch of watchesOf.get(secret)?.values() ?? []) {
      watch.reviewedAt = monotonic()
      refresh(watch)
    }
    for (const listener of reviewListeners) listener(secret)
  }

  return {
    open (call, name, listener) {
      const { target } = readOf(call, name)
      const { secret, key } = target
      const watches = getOrCreate(watchesOf, secret, () => new Map<string, Watch>())
      const watch = getOrCreate(watches, key, () => begin(call, name, target))
      // The wrapper makes each registration distinct, even if the same function is added twice.
      const own: Listener = (versionId) => { listener(versionId) }
      watch.listeners.add(own)
      if (watch.current !== undefined) own(watch.current.versionId)
      return () => {
        watch.listeners.delete(own)
        if (watch.listeners.size > 0 || watches.get(key) !== watch) return
        watch.cancel?.()
        watches.delete(key)
        if (watches.size === 0) watchesOf.delete(secret)
      }
    },
    observe,
    review,
    reviewAll () { void forEachInTurns([...watchesOf.keys()], review) },
    onReview (listener) { reviewListeners.push(listener) },
    size: () => Array.from(watchesOf.values()).reduce((sum, { size }) => sum + size, 0)
  }
}
