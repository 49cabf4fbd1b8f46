import { LRUCache } from 'lru-cache'
import type { Monotonic } from '#src/clock'

/** The secrets that have been written lately. AWS may still show an earlier state of them for a moment. */
export interface Settling {
  /** Notes that a secret is settling for some milliseconds. */
  add: (secret: string, milliseconds: number) => void
  has: (secret: string) => boolean
}

/** The maximum number of secrets. It is that of the longest bulk create. */
const most = 10_000

export function createSettling (monotonic: Monotonic): Settling {
  const ends = new LRUCache<string, number>({ max: most })
  return {
    add (secret, milliseconds) {
      ends.set(secret, Math.max(ends.get(secret) ?? 0, monotonic() + milliseconds))
    },
    has: (secret) => (ends.get(secret) ?? -Infinity) > monotonic()
  }
}
