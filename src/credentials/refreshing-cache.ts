import { monotonic as processClock, type Monotonic } from '#src/clock'

/** A cache for one value that is slow to fetch, and that expires. */
export interface RefreshingCache<Value> {
  /** Returns the value, after fetching it if necessary. Rejects with the error that `get` threw. */
  current: () => Promise<Value>
  /**
   * Discards a value that turned out to be invalid, so that the next call fetches a new one. A value fetched less than 5 seconds
   * ago is kept.
   */
  drop: () => void
}

export interface RefreshingCacheOptions<Value> {
  /** Fetches the value. */
  get: () => Promise<Value>
  /** Returns the time at which a value expires, or undefined if it never does. */
  endOf: (value: Value) => Date | undefined
  /** Returns the time in milliseconds since the epoch. It is compared with `endOf` once, when a value has been fetched. */
  now: () => number
  /** The clock that measures how long a value is kept. A change of the wall clock does not affect it. */
  monotonic?: Monotonic
}

/** The time before expiry, in milliseconds, at which a value starts to be refreshed in the background. */
const refreshBefore = 5 * 60_000

/** The time before expiry, in milliseconds, at which a value is no longer returned, because it could expire during a request. */
const safetyMargin = 30_000

/**
 * The time, in milliseconds, for which a new value is returned even if it seems to have expired. Nobody issues expired values, so
 * this gateway's clock must be fast. Without this minimum, every call would fetch a value. If the value is invalid after all,
 * `drop` discards it.
 */
const shortestUse = 60_000

/**
 * The pause after a fetch, in milliseconds. After a failed fetch, no new fetch starts during the pause, and callers without a
 * valid value get the same error again. After a successful fetch, the value is neither refreshed nor dropped during the pause.
 */
export const fetchPause = 5_000

/** The times at which a cached value changes its state, on the monotonic clock. */
interface Times {
  readonly fetched: number
  /** The time from which the value is refreshed in the background. */
  readonly refreshFrom: number
  /** The time from which the value is no longer returned. */
  readonly usableUntil: number
}

/** Returns the times of a fetched value. @param left the milliseconds until the value expires */
function timesOf (fetched: number, left: number): Times {
  if (left <= safetyMargin) return { fetched, refreshFrom: Infinity, usableUntil: fetched + shortestUse }
  const refreshFrom = fetched + Math.max(fetchPause, left - refreshBefore)
  return { fetched, refreshFrom, usableUntil: fetched + left - safetyMargin }
}

/**
 * Creates a cache. Concurrent callers share one fetch. The value is refreshed in the background before it expires. If the refresh
 * fails, it is retried after a pause, and the old value stays in use until shortly before it expires.
 */
export function refreshingCache<Value> (options: RefreshingCacheOptions<Value>): RefreshingCache<Value> {
  const { get, endOf, now, monotonic = processClock } = options
  let cached: { value: Value, times: Times } | undefined
  let failed: { error: unknown, at: number } | undefined
  let pending: Promise<Value> | undefined

  async function fetchValue (): Promise<Value> {
    try {
      const value = await get()
      cached = { value, times: timesOf(monotonic(), (endOf(value)?.getTime() ?? Infinity) - now()) }
      failed = undefined
      return value
    } catch (error) {
      failed = { error, at: monotonic() }
      throw error
    }
  }

  async function fetchOnce (): Promise<Value> {
    pending ??= fetchValue().finally(() => { pending = undefined })
    return pending
  }

  return {
    async current () {
      const time = monotonic()
      const mayFetch = time >= (failed?.at ?? -Infinity) + fetchPause
      if (cached !== undefined && time < cached.times.usableUntil) {
        // Refreshes in the background. An error is ignored, because the current value is still valid.
        if (mayFetch && time >= cached.times.refreshFrom) fetchOnce().catch(() => undefined)
        return cached.value
      }
      // If the last fetch failed, only the caller that starts the next fetch waits for it.
      if (failed !== undefined && (!mayFetch || pending !== undefined)) throw failed.error
      return fetchOnce()
    },
    drop () {
      if (cached !== undefined && monotonic() >= cached.times.fetched + fetchPause) cached = undefined
    }
  }
}
