/** A token bucket with two queues: background calls yield to foreground calls. */
export interface TokenBucket {
  /** Resolves when the call may start. */
  take: (background: boolean) => Promise<void>
  /** Lowers the rate after AWS has throttled a call: other clients may be using the same quota. */
  slowDown: () => void
}

/**
 * The size of the bucket: the number of calls that may start at once after a pause. At least two, so that a timer that fires late
 * does not lose a token.
 */
const burstOf = (quota: number): number => Math.max(2, quota / 25)

/**
 * The refill rate in tokens per second. Burst and refill together stay below the quota in any second, with a fiftieth of it as a
 * margin: calls may arrive closer together than they left.
 */
const rateOf = (quota: number): number => quota - burstOf(quota) - quota / 50

/** While both queues wait, every fourth token goes to the background, so that it does not starve. */
const backgroundEvery = 4

/**
 * The reaction to throttling: the rate falls to `factor` of its current value, but not below `floor` of the full rate; no calls
 * start for `pause` seconds; and each second restores `recovery` of the full rate.
 */
const throttled = { factor: 0.5, floor: 0.1, pause: 0.5, recovery: 0.05 }

/**
 * Creates a full token bucket.
 *
 * @param quota returns the current quota, in calls per second
 * @param now returns the seconds of a monotonic clock
 */
export function createTokenBucket (quota: () => number, now = (): number => performance.now() / 1000): TokenBucket {
  const queues: Record<'foreground' | 'background', (() => void)[]> = { foreground: [], background: [] }
  let tokens = burstOf(quota())
  let filledAt = now()
  let slowed = { at: -Infinity, rate: 0 }
  let turns = 0
  let timer: NodeJS.Timeout | undefined

  function rate (): number {
    const full = rateOf(quota())
    return Math.min(full, slowed.rate + full * throttled.recovery * (now() - slowed.at))
  }

  function fill (): void {
    const time = now()
    tokens = Math.min(burstOf(quota()), tokens + (time - filledAt) * rate())
    filledAt = time
  }

  /** Removes the next call from its queue; within a queue, calls are served in order. */
  function next (): (() => void) | undefined {
    const { foreground, background } = queues
    turns += 1
    const [first, second] = turns % backgroundEvery === 0 ? [background, foreground] : [foreground, background]
    return first.shift() ?? second.shift()
  }

  function serve (): void {
    timer = undefined
    fill()
    while (tokens >= 1) {
      const go = next()
      if (go === undefined) return
      tokens -= 1
      go()
    }
    if (queues.foreground.length + queues.background.length === 0) return
    timer = setTimeout(serve, (1 - tokens) / rate() * 1000)
  }

  return {
    async take (background) {
      return new Promise((resolve) => {
        queues[background ? 'background' : 'foreground'].push(resolve)
        if (timer === undefined) serve()
      })
    },
    slowDown () {
      // Calls in flight at the same time are throttled together, which counts once.
      if (now() - slowed.at < throttled.pause) return
      const full = rateOf(quota())
      slowed = { at: now(), rate: Math.max(rate() * throttled.factor, full * throttled.floor) }
      fill()
      tokens = -slowed.rate * throttled.pause
    }
  }
}
