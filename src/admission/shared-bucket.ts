import type { Monotonic } from '#src/clock'
import type { FleetBuckets } from './fleet-buckets.ts'
import { burstOf, createTokenBucket, type TokenBucket } from './token-bucket.ts'

/** The lifetime of a leased token in milliseconds, counted from the request for it. */
const usableFor = 100

/**
 * Returns the rate of a bucket, in tokens per second. A token may be used up to 100 milliseconds late, so the tokens of 1.1
 * seconds may be used within one second. The rate is low enough that these tokens and a burst together stay below the quota.
 */
const sharedRateOf = (quota: number): number => (quota - burstOf(quota)) / (1 + usableFor / 1_000)

/**
 * The size of the stock of leased tokens, expressed as the milliseconds in which calls at the full rate use it up. Thanks to the
 * stock, calls don't wait for a lease. Low quotas have no stock.
 */
const stockTime = 5

/**
 * Times in milliseconds:
 *
 * - `underWay`: how long a lane waits before it checks the bucket again while a lease is being requested
 * - `failed`: how long the replica uses its own share after the server has refused a lease
 * - `interrupted`: how long the server must be unreachable before the replica uses its share. During a shorter interruption, the
 *   other replicas may still use the whole quota, so an additional share would exceed it.
 * - `longest`: the longest time until a replica asks again, even if the server has named a longer time
 */
const pauses = { underWay: 100, failed: 1_000, interrupted: 100, longest: 1_000 } as const

/**
 * Creates a token bucket that all replicas share: each replica leases tokens from the server. Together, the replicas stay below
 * the quota. A single replica may use the whole quota while the others are idle. While the server can't be used, and for some
 * seconds afterwards, each replica uses only its own share of the quota.
 *
 * @param name identifies the bucket
 * @param quota returns the quota of all replicas together, in calls per second
 * @param onAnswer called when the server has answered, because `wait` may then return a different time
 */
export function createSharedBucket (
  { isUp, replicas, lease, slowDown }: FleetBuckets, name: string, quota: () => number, monotonic: Monotonic, onAnswer: () => void
): TokenBucket {
  /**
   * The number of replicas that divide the quota among themselves, as last reported by the server. It is 1 while the server gives
   * out tokens.
   */
  let divisor = 1
  const own = createTokenBucket(() => quota() / Math.max(divisor, replicas()), monotonic)
  /** The number of leased tokens, and when the latest lease was requested. */
  let tokens = 0
  let askedAt = -Infinity
  let isUnderWay = false
  /** The time at which the server will have more tokens. */
  let nextAt = -Infinity
  /** The time until which the replica uses its share, because the server gives out no tokens or has failed. */
  let closedUntil = -Infinity

  /** The time at which the server became unusable. Undefined while it can be used. */
  let downSince: number | undefined

  const isAlone = (): boolean => !isUp() || monotonic() < closedUntil

  /** Returns how many more milliseconds the replica waits for the server before it uses its share. */
  function remainingWait (): number {
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

  /** Returns the size of the stock, in tokens. */
  const stock = (): number => Math.floor(sharedRateOf(quota()) * stockTime / 1_000)

  return {
    wait (demand = 1) {
      const interrupted = remainingWait()
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
