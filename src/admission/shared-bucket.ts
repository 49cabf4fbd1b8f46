import type { Monotonic } from '#src/clock'
import type { SharedPace } from './shared-pace.ts'
import { burstOf, createTokenBucket, type TokenBucket } from './token-bucket.ts'

/** The milliseconds for which a leased token can be used, from when it was asked for. */
const usableFor = 100

/**
 * Returns the rate of a bucket, in tokens per second. A token that is used late comes closer to the next ones, so that a second
 * can have the tokens of another 100 milliseconds. Together with a burst, they stay below the quota.
 */
const sharedRateOf = (quota: number): number => (quota - burstOf(quota)) / (1 + usableFor / 1_000)

/** The tokens that are kept in stock, as a time in milliseconds. For a high quota, no call then has to wait for a lease. */
const stockTime = 5

/**
 * Times in milliseconds:
 *
 * - `underWay`: the longest time without another look at the bucket while a lease is under way
 * - `failed`: the pause after the server has refused a lease
 * - `interrupted`: the time without the server after which a replica uses its share. During a shorter interruption, the others go
 *   on to use the whole quota, so that a share would exceed it.
 * - `longest`: the longest time until a replica asks again, whatever the server has answered
 */
const pauses = { underWay: 100, failed: 1_000, interrupted: 100, longest: 1_000 } as const

/**
 * Creates a token bucket of which each replica leases tokens. Together, the replicas stay below the quota, and a replica may use
 * all of it while the others need none. While the server can't be used, and for some seconds after that, each replica uses its
 * share of the quota.
 *
 * @param name identifies the bucket
 * @param quota returns the quota of all replicas together, in calls per second
 * @param onAnswer called when the server has answered, so that `wait` may have another result
 */
export function createSharedBucket (
  { isUp, replicas, lease, slowDown }: SharedPace, name: string, quota: () => number, monotonic: Monotonic, onAnswer: () => void
): TokenBucket {
  /** The number of replicas that the server has last reported while it gave out no tokens. */
  let divisor = 1
  const own = createTokenBucket(() => quota() / Math.max(divisor, replicas()), monotonic)
  /** The number of leased tokens, and when the latest of them were asked for. */
  let tokens = 0
  let askedAt = -Infinity
  let isUnderWay = false
  /** The time at which the server has further tokens. */
  let nextAt = -Infinity
  /** The time until which the server gives out no tokens, or was found to fail. */
  let closedUntil = -Infinity

  /** The time since which the server can't be used. */
  let downSince: number | undefined

  const isAlone = (): boolean => !isUp() || monotonic() < closedUntil

  /** Returns how long the replica still waits for the server to return before it uses its share, in milliseconds. */
  function patience (): number {
    if (isUp()) downSince = undefined
    else downSince ??= monotonic()
    return downSince === undefined ? 0 : Math.max(0, downSince + pauses.interrupted - monotonic())
  }

  async function ask (wanted: number): Promise<void> {
    isUnderWay = true
    const start = monotonic()
    const answer = await lease(name, { wanted, interval: 1_000 / sharedRateOf(quota()), burst: burstOf(quota()) })
      .catch(() => ({ closedFor: isUp() ? pauses.failed : 0, replicas: replicas() }))
    isUnderWay = false
    const time = monotonic()
    if ('closedFor' in answer) {
      closedUntil = time + answer.closedFor
      divisor = answer.replicas
    } else {
      divisor = 1
      nextAt = time + Math.min(pauses.longest, answer.next)
      tokens += answer.granted
      askedAt = start
    }
    onAnswer()
  }

  /** Returns the number of tokens that are kept in stock. */
  const stock = (): number => Math.floor(sharedRateOf(quota()) * stockTime / 1_000)

  return {
    wait (demand = 1) {
      const interrupted = patience()
      if (interrupted > 0) return interrupted / 1_000
      if (isAlone()) return own.wait(demand)
      const now = monotonic()
      if (now - askedAt > usableFor) tokens = 0
      const missing = (tokens > stock() / 2 ? demand : Math.max(demand, stock())) - tokens
      if (missing > 0 && !isUnderWay && now >= nextAt) void ask(missing)
      if (tokens > 0) return 0
      return (isUnderWay ? pauses.underWay : nextAt - now) / 1_000
    },
    take () {
      if (isAlone()) {
        own.take()
        return
      }
      tokens -= 1
      own.follow()
    },
    slowDown () {
      own.slowDown()
      if (isUp()) slowDown(name).catch(() => undefined)
    },
    headroom: () => isAlone() || monotonic() >= nextAt ? own.headroom() : 0
  }
}
