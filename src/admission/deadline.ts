/** The time limit of a call. Its clock can be stopped, because a wait in the queue has its own limit. */
export interface Deadline {
  /** Aborted with a `TimeoutError` when the time is up, or with the owner's abort reason when the owner is aborted. */
  readonly signal: AbortSignal
  /** Returns the remaining milliseconds. */
  left: () => number
  /** Stops the clock until `resume` is called. */
  pause: () => void
  resume: () => void
  /** Ends the deadline. From then on, nothing aborts the signal. */
  end: () => void
}

/**
 * Starts a deadline.
 *
 * @param milliseconds the time limit
 * @param owner a signal; when it is aborted, the deadline's signal is aborted, too
 */
export function startDeadline (milliseconds: number, owner: AbortSignal | undefined): Deadline {
  const controller = new AbortController()
  let left = milliseconds
  let resumedAt = performance.now()
  let timer: NodeJS.Timeout | undefined
  const leave = (): void => { controller.abort(owner?.reason) }

  function resume (): void {
    resumedAt = performance.now()
    // On a busy machine, the deadline may have passed before its timer could run. Node.js warns about negative times.
    const rest = Math.max(0, left)
    timer = setTimeout(() => { controller.abort(new DOMException('The deadline has passed', 'TimeoutError')) }, rest)
  }

  if (owner?.aborted === true) leave()
  owner?.addEventListener('abort', leave, { once: true })
  resume()
  return {
    signal: controller.signal,
    left: () => timer === undefined ? left : left - (performance.now() - resumedAt),
    pause () {
      left -= performance.now() - resumedAt
      clearTimeout(timer)
      timer = undefined
    },
    resume,
    end () {
      clearTimeout(timer)
      owner?.removeEventListener('abort', leave)
    }
  }
}
