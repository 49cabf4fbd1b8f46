import type { Monotonic } from '#src/clock'

/** Wakes lanes that wait for tokens. Lanes that draw from the same bucket need the same alarm, so that they take turns. */
export interface Alarm {
  /** Has `wake` called once, in this number of seconds. Replaces an earlier time. */
  set: (wake: () => void, seconds: number) => void
  /** Gives up the place in the order of turns, and the time that was set. */
  clear: (wake: () => void) => void
}

/**
 * Creates an alarm. Those that are due at the same time are called in turns: whoever has given up its place since the last time
 * comes after those who have not.
 *
 * @param monotonic measures spans of time
 */
export function createAlarm (monotonic: Monotonic): Alarm {
  // A Map keeps the order in which its keys were added, also when a key gets another value.
  const times = new Map<() => void, number>()
  let timer: NodeJS.Timeout | undefined

  function ring (): void {
    const now = monotonic()
    const due = Array.from(times).filter(([, time]) => time <= now)
    for (const [wake] of due) {
      times.set(wake, Infinity)
      wake()
    }
    schedule()
  }

  function schedule (): void {
    clearTimeout(timer)
    // eslint-disable-next-line no-restricted-syntax -- there are only as many as there are lanes
    const soonest = Math.min(...times.values())
    timer = soonest < Infinity ? setTimeout(ring, Math.max(1, Math.ceil(soonest - monotonic()))) : undefined
  }

  return {
    set (wake, seconds) {
      times.set(wake, monotonic() + seconds * 1_000)
      schedule()
    },
    clear (wake) {
      if (times.delete(wake)) schedule()
    }
  }
}
