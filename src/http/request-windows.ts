import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import { LRUCache } from 'lru-cache'
import type { Monotonic } from '#src/clock'

/** The maximum number of keys that one counter keeps. To make room for another key, it evicts the least recently used one. */
const maximumKeys = 5_000

/** A window in which the requests of a key are counted. `began` is on the monotonic clock. */
interface Window {
  readonly began: number
  count: number
}

type Done = Parameters<FastifyRateLimitStore['incr']>[1]

/**
 * Returns a store for `@fastify/rate-limit`. Its windows are measured by a monotonic clock. The package's own store uses the wall
 * clock. If that is set back, windows last as much longer, and so do refusals and their `Retry-After`.
 */
export const requestWindows = (
  monotonic: Monotonic
): FastifyRateLimitStoreCtor => class Windows implements FastifyRateLimitStore {
  readonly #windows = new LRUCache<string, Window>({ max: maximumKeys })

  /** Counts a request. Passes on the number of requests in the window, and the milliseconds until the window ends. */
  incr (key: string, done: Done, length: number): void {
    const time = monotonic()
    const known = this.#windows.get(key)
    const window = known !== undefined && time - known.began < length ? known : { began: time, count: 0 }
    window.count += 1
    this.#windows.set(key, window)
    done(null, { current: window.count, ttl: length - (time - window.began) })
  }

  /** Returns a store for another counter. */
  child (): Windows {
    return new Windows()
  }
}
