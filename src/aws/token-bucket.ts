/** A token bucket with two queues, so that background calls yield to foreground calls. */
export interface TokenBucket {
  /** Resolves when the call may start. */
  take: (background: boolean) => Promise<void>
  /** Lowers the rate. Called when AWS throttles a call, because other clients may be using the same quota. */
  slowDown: () => void
}

/**
 * Returns the bucket's capacity: the number of calls that may start together after an idle period. It is at least two, because
 * a bucket with room for only one token would lose the tokens that accrue while a timer is late.
 */
const burstOf = (quota: number): number => Math.max(2, quota / 25)

/**
 * Returns the refill rate in tokens per second. In any second, a burst and the refill together stay 2% below the quota. This
 * margin is needed because calls may arrive at AWS closer together than they were sent.
 */
const rateOf = (quota: number): number => quota - burstOf(quota) - quota / 50

/**
 * While calls are waiting in both queues, one of every `backgroundEvery` tokens goes to a background call. Without this rule,
 * background calls could starve.
 */
const backgroundEvery = 4

/**
 * The response to throttling. The rate is multiplied by `factor`, but does not fall below `floor` times the full rate. No calls
 * start for `pause` seconds. Every second, the rate recovers by `recovery` times the full rate.
 */
const throttled = { factor: 0.5, floor: 0.1, pause: 0.5, recovery: 0.05 }

/**
 * Creates a full token bucket.
 *
 * @param quota returns the current quota, in calls per second
 * @param now returns the time of a monotonic clock, in seconds
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

  /** Removes the next call from its queue. Within a queue, calls are served in order of arrival. */
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
      // If AWS throttles several calls that are in flight together, the rate is lowered only once.
      if (now() - slowed.at < throttled.pause) return
      const full = rateOf(quota())
      slowed = { at: now(), rate: Math.max(rate() * throttled.factor, full * throttled.floor) }
      fill()
      tokens = -slowed.rate * throttled.pause
    }
  }
}
