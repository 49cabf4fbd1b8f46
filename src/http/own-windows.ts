import { LRUCache } from 'lru-cache'
import type { Monotonic } from '#src/clock'
import { maximumKeys, type RequestCounter } from './request-counter.ts'

/** A window in which the requests of a key are counted. */
interface Window {
  /** The start of the window, on the monotonic clock. */
  began: number
  count: number
}

/**
 * Creates a counter of the requests to this process. It uses a monotonic clock. With the wall clock, a window and its refusals
 * would last longer after the clock was set back.
 */
export function ownWindows (monotonic: Monotonic): RequestCounter {
  const windows = new LRUCache<string, Window>({ max: maximumKeys })
  return (key, { requests, window: length }) => {
    const time = monotonic()
    let window = windows.get(key)
    if (window === undefined) {
      window = { began: time, count: 0 }
      windows.set(key, window)
    } else if (time - window.began >= length) {
      window.began = time
      window.count = 0
    }
    window.count += 1
    return {
      isAllowed: window.count <= requests,
      requests,
      remaining: Math.max(0, requests - window.count),
      left: length - (time - window.began)
    }
  }
}
