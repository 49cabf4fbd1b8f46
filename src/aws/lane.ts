/** Where the calls of one family of operations take their turns. */
export interface Lane {
  /** Ends when it is the call's turn. One in the background lets others go first. */
  turn: (background: boolean) => Promise<void>
  /** AWS has throttled a call: who else uses the quota is not known. */
  slowDown: () => void
}

/** Of a quota, the part that may be used at once after a rest. Two, since a timer that comes late must not lose what came due. */
const burstOf = (quota: number): number => Math.max(2, quota / 25)

/**
 * The rate at which calls follow: together with the burst, it never makes more than the quota in any second. A fiftieth is left
 * over, since calls may arrive closer together than they left.
 */
const rateOf = (quota: number): number => quota - burstOf(quota) - quota / 50

/** Of so many turns that others wait for, one is the background's: it must not stand still either. */
const backgroundEvery = 4

/** What throttling by AWS leaves of the rate, how long it holds, and what of the full rate comes back each second. */
const afterThrottling = { factor: 0.5, floor: 0.1, pause: 0.5, comesBack: 0.05 }

/**
 * A token bucket with two queues.
 *
 * @param quota calls a second that there are now
 * @param now seconds of a clock that is never set back
 */
export function createLane (quota: () => number, now = (): number => performance.now() / 1000): Lane {
  const queues: Record<'foreground' | 'background', (() => void)[]> = { foreground: [], background: [] }
  let tokens = burstOf(quota())
  let filled = now()
  let slowed = { at: -Infinity, rate: 0 }
  let turns = 0
  let timer: NodeJS.Timeout | undefined

  function rate (): number {
    const full = rateOf(quota())
    return Math.min(full, slowed.rate + full * afterThrottling.comesBack * (now() - slowed.at))
  }

  function fill (): void {
    const time = now()
    tokens = Math.min(burstOf(quota()), tokens + (time - filled) * rate())
    filled = time
  }

  /** Whose turn it is, in the order in which they came. */
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
    async turn (background) {
      return new Promise((resolve) => {
        queues[background ? 'background' : 'foreground'].push(resolve)
        if (timer === undefined) serve()
      })
    },
    slowDown () {
      // Calls that were under way together are throttled together: that counts once.
      if (now() - slowed.at < afterThrottling.pause) return
      const full = rateOf(quota())
      slowed = { at: now(), rate: Math.max(rate() * afterThrottling.factor, full * afterThrottling.floor) }
      fill()
      tokens = -slowed.rate * afterThrottling.pause
    }
  }
}
