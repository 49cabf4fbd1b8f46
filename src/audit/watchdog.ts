/** The number of intervals into which a watchdog divides its timeout. */
const ticks = 20

/**
 * Calls `onTimeout` unless it is stopped in time. A single timer can't distinguish a slow disk from a busy process: after a long
 * computation, the timer fires before the event loop learns that the write has ended. Therefore the time is divided into `ticks`
 * short intervals. A computation, however long, uses up only one interval, and then the loop handles other events.
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
