import type { Monotonic } from '#src/clock'

/** A token bucket, which keeps the rate of calls below a quota. Each call takes a token. */
export interface TokenBucket {
  /**
   * Returns the number of seconds until a token is available, or 0 if one is available already.
   *
   * @param demand the number of calls that wait for tokens; defaults to 1
   */
  wait: (demand?: number) => number
  /** Takes a token. Called only when `wait` returns 0. */
  take: () => void
  /** Lowers the rate. Called when AWS throttles a call, because other clients may be using the same quota. */
  slowDown: () => void
  /** Returns how full the bucket is, from 0 (empty) to 1 (full). */
  headroom: () => number
}

/** A token bucket that is charged for the calls that another bucket starts. */
export interface FollowingBucket extends TokenBucket {
  /** Takes a token if there is one, because a call has started with a token of the other bucket. */
  follow: () => void
}

/** The bucket of operations without a quota. It is never empty. */
export const unlimited: TokenBucket = { wait: () => 0, take: () => undefined, slowDown: () => undefined, headroom: () => 1 }

/**
 * Returns the bucket's capacity: the number of calls that may start together after an idle period. It is at least two, because
 * a bucket with room for only one token would lose the tokens that accrue while a timer is late.
 */
export const burstOf = (quota: number): number => Math.max(2, quota / 25)

/**
 * Returns the refill rate in tokens per second. In any second, a burst and the refill together stay 2% below the quota. This
 * margin is needed because calls may arrive at AWS closer together than they were sent.
 */
const rateOf = (quota: number): number => quota - burstOf(quota) - quota / 50

/**
 * The response to throttling. The rate is multiplied by `factor`, but does not fall below `floor` times the full rate. No calls
 * start for `pause` seconds. Every second, the rate recovers by `recovery` times the full rate.
 */
const throttled = { factor: 0.5, floor: 0.1, pause: 0.5, recovery: 0.05 }

/**
 * Creates a full token bucket.
 *
 * @param quota returns the current quota, in calls per second
 * @param monotonic measures spans of time
 */
export function createTokenBucket (quota: () => number, monotonic: Monotonic): FollowingBucket {
  const seconds = (): number => monotonic() / 1_000
  let tokens = burstOf(quota())
  let filledAt = seconds()
  let slowed = { at: -Infinity, rate: 0 }

  function rate (): number {
    const full = rateOf(quota())
    return Math.min(full, slowed.rate + full * throttled.recovery * (seconds() - slowed.at))
  }

  function fill (): void {
    const time = seconds()
    tokens = Math.min(burstOf(quota()), tokens + (time - filledAt) * rate())
    filledAt = time
  }

  return {
    wait () {
      if (tokens < 1) fill()
      return tokens >= 1 ? 0 : (1 - tokens) / rate()
    },
    take () {
      fill()
      tokens -= 1
    },
    follow () {
      fill()
      tokens = Math.min(tokens, Math.max(0, tokens - 1))
    },
    slowDown () {
      // If AWS throttles several calls that are in flight together, the rate is lowered only once.
      if (seconds() - slowed.at < throttled.pause) return
      const full = rateOf(quota())
      slowed = { at: seconds(), rate: Math.max(rate() * throttled.factor, full * throttled.floor) }
      fill()
      tokens = -slowed.rate * throttled.pause
    },
    headroom () {
      fill()
      return Math.max(0, tokens / burstOf(quota()))
    }
  }
}
