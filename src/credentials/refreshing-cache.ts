/** A cache for a single value that is slow to fetch and expires. */
export interface RefreshingCache<Value> {
  /** Returns the value, and fetches it if necessary. Rejects with the error of `get`. */
  current: () => Promise<Value>
  /** Discards an invalid value, so that the next call fetches a new one. A value younger than 5 seconds is kept. */
  drop: () => void
}

export interface RefreshingCacheOptions<Value> {
  /** Fetches the value. */
  get: () => Promise<Value>
  /** Returns the time at which a value expires. Undefined if it never does. */
  endOf: (value: Value) => Date | undefined
  /** The clock: milliseconds since the epoch. */
  now: () => number
}

/** Milliseconds before its expiry from which a value is refreshed in the background. */
const refreshBefore = 5 * 60_000

/** Milliseconds before its expiry from which a value is no longer returned, so that it does not expire during a request. */
const safetyMargin = 30_000

/** Milliseconds between two fetches. Meanwhile a failure is returned again, and a new value is neither refreshed nor dropped. */
const pause = 5_000

/**
 * Creates a cache. Concurrent callers share one fetch. The value is refreshed in the background before it expires. If that fails,
 * the old value stays in use until it expires, and the next attempt follows after a pause.
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
        // A background refresh. A failure matters only once the old value has expired, when the next fetch reports it.
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
