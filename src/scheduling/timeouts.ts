import { getOrCreate } from '#src/collections/get-or-create'
import type { Monotonic } from '#src/clock'

/** Calls a function after some milliseconds. Returns a function that cancels the call. */
export type After = (milliseconds: number, callback: () => void) => () => void

/** Timeouts that share one timer of Node.js. */
export interface Timeouts {
  /** Calls a function after some milliseconds, or up to 250 milliseconds earlier. Returns a function that cancels the call. */
  readonly after: After
  /** Stops the timer, and cancels all calls. */
  readonly close: () => void
}

/** The milliseconds between two runs of the timer. */
const interval = 250

/**
 * Creates the timeouts. They are meant for thousands of requests that each wait for about a minute, and don't need millisecond
 * precision. The shared timer runs only while there are timeouts. A run's cost depends on the number of distinct due times, not
 * on the number of timeouts.
 */
export function createTimeouts (monotonic: Monotonic): Timeouts {
  /** The callbacks, by due time in multiples of the interval. */
  const due = new Map<number, Set<() => void>>()
  let timer: NodeJS.Timeout | undefined

  function stop (): void {
    clearInterval(timer)
    timer = undefined
  }

  function runDue (): void {
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
      // The wrapper makes each timeout distinct, even if the same function is passed twice.
      const own = (): void => { callback() }
      callbacks.add(own)
      timer ??= setInterval(runDue, interval).unref()
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
