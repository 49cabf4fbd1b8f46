import { getOrCreate } from '#src/collections/get-or-create'
import type { Monotonic } from '#src/clock'

/** Calls a function after some milliseconds. Returns a function that prevents it. */
export type After = (milliseconds: number, callback: () => void) => () => void

/** Alarms that share one timer. */
export interface Alarms {
  /** Calls a function after some milliseconds, or up to a quarter of a second earlier. Returns a function that prevents it. */
  readonly after: After
  /** Stops the timer. No alarm goes off any more. */
  readonly close: () => void
}

/** The interval at which the timer looks for alarms that are due, in milliseconds. */
const interval = 250

/**
 * Creates alarms. Thousands of requests that wait for a minute don't need a timer each, and don't need to be woken on the
 * millisecond. The timer runs only while there are alarms, and its cost depends on the time that they cover, not on their number.
 */
export function createAlarms (monotonic: Monotonic): Alarms {
  /** The callbacks, keyed by the time at which they are due, as a multiple of the interval. */
  const due = new Map<number, Set<() => void>>()
  let timer: NodeJS.Timeout | undefined

  function stop (): void {
    clearInterval(timer)
    timer = undefined
  }

  function ring (): void {
    const now = monotonic()
    for (const [time, callbacks] of [...due]) {
      if (time * interval > now) continue
      due.delete(time)
      for (const callback of callbacks) callback()
    }
    if (due.size === 0) stop()
  }

  return {
    after (milliseconds, callback) {
      const time = Math.floor((monotonic() + milliseconds) / interval)
      const callbacks = getOrCreate(due, time, () => new Set<() => void>())
      // The same function may be set as several alarms.
      const own = (): void => { callback() }
      callbacks.add(own)
      timer ??= setInterval(ring, interval).unref()
      return () => {
        callbacks.delete(own)
        if (callbacks.size === 0 && due.get(time) === callbacks) due.delete(time)
      }
    },
    close () {
      stop()
      due.clear()
    }
  }
}
