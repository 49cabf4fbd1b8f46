import type { Monotonic } from '#src/clock'
import { script } from './script.ts'

/** How often a replica reports that it is alive, and how long a silent replica counts as alive, in milliseconds. */
export const presence = { every: 1_000, lifetime: 5_000 } as const

/**
 * Reports that a replica is alive. Returns the number of living replicas.
 *
 * KEYS: a sorted set of the replicas, by the time of their last report
 * ARGV: the replica's ID, and the lifetime in milliseconds
 */
export const beat = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
`)

/** The number of replicas, as last known. */
export interface ReplicaCount {
  readonly current: () => number
  /** Updates the count with the number that the server has returned. */
  readonly learn: (count: number) => void
  /** Called when a session begins. A server that has lost its data counts too few replicas until all of them have reported. */
  readonly restart: () => void
}

/**
 * Counts replicas. Too high a number is safe, because each replica then uses less than its share. So after the start of a
 * session, a lower number is accepted only once all replicas have had time to report.
 *
 * @param initial the number to assume until the server has reported a number
 */
export function countReplicas (initial: number, monotonic: Monotonic): ReplicaCount {
  let count = initial
  let isKnown = false
  let began = -Infinity
  return {
    current: () => count,
    learn (next) {
      if (next > count || !isKnown || monotonic() - began >= presence.lifetime) count = Math.max(1, next)
      isKnown = true
    },
    restart () { began = monotonic() }
  }
}
