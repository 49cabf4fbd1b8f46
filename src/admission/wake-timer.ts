import type { Monotonic } from '#src/clock'

/** Wakes lanes that wait for tokens. Lanes with a common token bucket share a timer, so that they take turns. */
export interface WakeTimer {
  /** Calls `wake` once, after this number of seconds. Replaces an earlier time for the same `wake`. */
  set: (wake: () => void, seconds: number) => void
  /** Cancels the call, and moves `wake` to the end of the order of turns. */
  clear: (wake: () => void) => void
  /** Wakes all waiting lanes at once, because tokens may be available earlier than expected. */
  wakeAll: () => void
}

/** The longest delay of a timer, in milliseconds. With a longer one, `setTimeout` would fire at once, again and again. */
const longestDelay = 2 ** 31 - 1

/**
 * Creates a timer. If several lanes are due at the same time, the one that has waited longest is woken first. A lane goes to the
 * end of the order when it calls `clear`.
 *
 * @param monotonic measures spans of time
 */
export function createWakeTimer (monotonic: Monotonic): WakeTimer {
  // A Map iterates in the order in which the keys were added. Setting another value does not change the order.
  const times = new Map<() => void, number>()
  let timer: NodeJS.Timeout | undefined

  /** Wakes the lanes whose time is no later than `latest`. */
  function wakeUntil (latest: number): void {
    const due = Array.from(times).filter(([, time]) => time <= latest && time < Infinity)
    for (const [wake] of due) {
      times.set(wake, Infinity)
      wake()
    }
    schedule()
  }

  function schedule (): void {
    clearTimeout(timer)
    // eslint-disable-next-line no-restricted-syntax -- there are no more entries than lanes
    const soonest = Math.min(...times.values())
    const delay = Math.min(longestDelay, Math.max(1, Math.ceil(soonest - monotonic())))
    timer = soonest < Infinity ? setTimeout(() => { wakeUntil(monotonic()) }, delay) : undefined
  }

  return {
    set (wake, seconds) {
      times.set(wake, monotonic() + seconds * 1_000)
      schedule()
    },
    clear (wake) {
      if (times.delete(wake)) schedule()
    },
    wakeAll () { wakeUntil(Infinity) }
  }
}
