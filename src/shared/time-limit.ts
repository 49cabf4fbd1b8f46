/** Thrown when a promise has not been settled in time. */
export class TimeLimitPassed extends Error {
  override readonly name = 'TimeLimitPassed'
}

/**
 * Waits for a promise, but no longer than some milliseconds. If the event loop was blocked until then, the reply may have arrived
 * without having been read. So what has arrived is read once more before the time limit counts as passed.
 *
 * @throws TimeLimitPassed
 */
export async function within<Result> (milliseconds: number, promise: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      setImmediate(() => { reject(new TimeLimitPassed()) })
    }, milliseconds)
    promise.then(resolve, reject).finally(() => { clearTimeout(timer) })
  })
}
