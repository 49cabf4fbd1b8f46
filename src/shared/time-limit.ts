/** Thrown when a promise has not been settled in time. */
export class TimeoutExceeded extends Error {
  override readonly name = 'TimeoutExceeded'
}

/**
 * Waits for a promise, but no longer than some milliseconds. If the event loop was blocked meanwhile, a reply may have arrived
 * unread. So before the time limit counts as passed, the event loop gets one more turn to read it.
 *
 * @throws TimeoutExceeded
 */
export async function within<Result> (milliseconds: number, promise: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      setImmediate(() => { reject(new TimeoutExceeded()) })
    }, milliseconds)
    promise.then(resolve, reject).finally(() => { clearTimeout(timer) })
  })
}
