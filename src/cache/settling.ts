import { LRUCache } from 'lru-cache'
import type { Monotonic } from '#src/clock'

/** The secrets that were written recently. AWS may still return earlier states of them for a while. */
export interface Settling {
  /** Marks a secret as settling for some milliseconds. */
  add: (secret: string, milliseconds: number) => void
  has: (secret: string) => boolean
}

/** The maximum number of secrets. It equals the maximum for one bulk create. */
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
