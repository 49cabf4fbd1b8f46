/** The number of times that a watchdog looks before it reports. */
const ticks = 20

/**
 * Calls `onTimeout` if it is not stopped in time. Only time counts in which the event loop turns: after each of `ticks` short
 * timers, the loop can handle what has finished in the meantime. If the loop stands still, for example because a large body is
 * parsed, the whole standstill counts as one of them. A single timer could not tell a slow disk from a busy process, because it
 * would be due before the loop learns that the write has ended.
 *
 * @param timeout milliseconds
 * @returns a function that stops the watchdog
 */
export function watchdog (timeout: number, onTimeout: () => void): () => void {
  let left = ticks
  const timer = setInterval(() => {
    left -= 1
    if (left > 0) return
    clearInterval(timer)
    onTimeout()
  }, timeout / ticks)
  return () => { clearInterval(timer) }
}
