/** A cache for one value that is slow to fetch, and that expires. */
export interface RefreshingCache<Value> {
  /** Returns the value, and fetches it first if necessary. Rejects with the error that `get` threw. */
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
  /** Returns the time in milliseconds since the epoch. */
  now: () => number
}

/** The time before expiry, in milliseconds, at which a value starts to be refreshed in the background. */
const refreshBefore = 5 * 60_000

/** The time before expiry, in milliseconds, at which a value is no longer returned, because it could expire during a request. */
const safetyMargin = 30_000

/**
 * The pause after a fetch, in milliseconds. During the pause after a failed fetch, no new fetch starts. If there is no valid
 * value, callers get the same error again. During the pause after a successful fetch, the value is neither refreshed in the
 * background nor dropped.
 */
const pause = 5_000

/**
 * Creates a cache. Concurrent callers share one fetch. The value is refreshed in the background before it expires. If the refresh
 * fails, it is retried after a pause, and the old value stays in use until shortly before it expires.
 */
export function refreshingCache<Value> ({ get, endOf, now }: RefreshingCacheOptions<Value>): RefreshingCache<Value> {
  let cached: { value: Value, fetched: number, end: number } | undefined
  let failed: { error: unknown, at: number } | undefined
  let pending: Promise<Value> | undefined

  async function fetchValue (): Promise<Value> {
    try {
      const value = await get()
      cached = { value, fetched: now(), end: endOf(value)?.getTime() ?? Infinity }
      failed = undefined
      return value
    } catch (error) {
      failed = { error, at: now() }
      throw error
    }
  }

  async function fetchOnce (): Promise<Value> {
    pending ??= fetchValue().finally(() => { pending = undefined })
    return pending
  }

  return {
    async current () {
      const time = now()
      const mayFetch = time >= (failed?.at ?? -Infinity) + pause
      if (cached !== undefined && time < cached.end - safetyMargin) {
        const { value, fetched, end } = cached
        // Refreshes in the background. An error is ignored, because the current value is still valid.
        if (mayFetch && time >= end - refreshBefore && time >= fetched + pause) fetchOnce().catch(() => undefined)
        return value
      }
      if (failed !== undefined && !mayFetch) throw failed.error
      return fetchOnce()
    },
    drop () {
      if (cached !== undefined && now() >= cached.fetched + pause) cached = undefined
    }
  }
}
