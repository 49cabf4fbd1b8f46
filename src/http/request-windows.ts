import { LRUCache } from 'lru-cache'
import type { Monotonic } from '#src/clock'

/** The maximum number of keys that one counter keeps. To make room for another key, it evicts the least recently used one. */
const maximumKeys = 5_000

/** A window in which the requests of a key are counted. */
interface Window {
  /** The start of the window, on the monotonic clock. */
  began: number
  count: number
}

/** The state of a window after a request was counted. */
export interface Counted {
  /** The number of requests in the window, including this one. */
  readonly count: number
  /** The time until the window ends, in milliseconds. */
  readonly left: number
}

/**
 * Creates a counter of requests. A key's window begins with its first request, and the next window with the first request after
 * its end. Windows are measured with a monotonic clock. With the wall clock, a window and its refusals would last longer if the
 * clock was set back.
 *
 * @returns a function that counts a request of a key, in a window of `length` milliseconds
 */
export function countRequests (monotonic: Monotonic): (key: string, length: number) => Counted {
  const windows = new LRUCache<string, Window>({ max: maximumKeys })
  return (key, length) => {
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
    return { count: window.count, left: length - (time - window.began) }
  }
}
