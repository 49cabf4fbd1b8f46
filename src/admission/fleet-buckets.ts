import { script } from '#src/shared/script'
import type { Shared } from '#src/shared/shared'

/** Tokens of a bucket that all replicas share. They must be used at once. */
export interface Lease {
  readonly granted: number
  /** The time in milliseconds until there is another token. */
  readonly next: number
}

/**
 * A refused lease. The server gives out no tokens for `closedFor` milliseconds. In the meantime, the replicas divide the quota
 * among themselves.
 */
export interface Closed {
  readonly closedFor: number
  readonly replicas: number
}

/** A request for tokens. */
export interface LeaseRequest {
  readonly wanted: number
  /** The time between two tokens, in milliseconds. */
  readonly interval: number
  /** The number of tokens that may be used together after an idle period. */
  readonly burst: number
}

/** The token buckets of a fleet, which are on the server. */
export interface FleetBuckets extends Pick<Shared, 'isUp' | 'replicas'> {
  /**
   * Leases tokens of a bucket.
   *
   * @param name the bucket: the account, the region and the operations
   * @throws Problem `shared-state-unavailable`
   */
  readonly lease: (name: string, request: LeaseRequest) => Promise<Lease | Closed>
  /**
   * Lowers the rate of a bucket for all replicas, after AWS has throttled a call. The server returns no tokens for half a second,
   * and then half as many; the rate recovers within ten seconds.
   */
  readonly slowDown: (name: string) => Promise<unknown>
}

/**
 * The milliseconds for which the server gives out no tokens after a replica has connected or reconnected. Meanwhile, the other
 * replicas reconnect. Until they have reconnected, they use their shares of the quota without asking the server.
 */
export const closedFor = { newSession: 4_000, sameSession: 500 } as const

/** The lowest rate after throttling, and the recovery per second, as fractions of the full rate. */
const rates = { lowest: 0.1, recovery: 0.05 } as const

/** The milliseconds for which the state of an unused bucket is kept. A bucket without a state starts without a burst. */
export const kept = 30_000

/**
 * The common beginning of both scripts. It reads the time and the state of the bucket, in microseconds. `rate` is the current
 * rate as a fraction of the full one. The state may come from a server whose clock was ahead, or from another program, so values
 * out of range are clamped. In `math.min` and `math.max`, the constant comes first, because they return their first argument if
 * the second is NaN.
 */
const readState = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local state = redis.call('HMGET', KEYS[1], 'next', 'rate', 'slowed')
local from = tonumber(state[1]) or now
local slowed = math.min(now, tonumber(state[3]) or now)
local rate = 1
if state[2] then
  rate = math.min(1, math.max(${rates.lowest}, tonumber(state[2]) or 1) + ${rates.recovery} * (now - slowed) / 1000000)
end
`

/**
 * Takes up to the requested number of tokens from a bucket. The bucket's state is the time at which the next token is available.
 * This time is at most a second, or the interval between two tokens, in the future.
 *
 * KEYS: the bucket, the key that exists while the server gives out no tokens, and the set of the replicas
 * ARGV: the number of tokens, the interval between two tokens, the burst, and how long the state is kept, in milliseconds
 */
const take = script(`
local closed = redis.call('PTTL', KEYS[2])
if closed ~= -2 then return { -1, closed, redis.call('ZCARD', KEYS[3]) } end
${readState}
local interval = tonumber(ARGV[2]) / rate
local next = math.min(now + math.max(1000000, interval), math.max(now - (tonumber(ARGV[3]) - 1) * interval, from))
local granted = math.max(0, math.min(tonumber(ARGV[1]), math.floor((now - next) / interval) + 1))
next = next + granted * interval
if granted > 0 then
  redis.call('HSET', KEYS[1], 'next', string.format('%.0f', next))
  if state[2] then redis.call('HSET', KEYS[1], 'slowed', string.format('%.0f', slowed)) end
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return { granted, math.max(0, math.ceil(next - now)), 0 }
`)

/**
 * Halves the rate of a bucket, and gives out no tokens for half a second. If several calls are throttled at the same time, the
 * rate is halved only once.
 *
 * KEYS: the bucket
 * ARGV: how long the state is kept, in milliseconds
 */
const slow = script(`
${readState}
local elapsed = now - (tonumber(state[3]) or 0)
if state[2] and elapsed >= 0 and elapsed < 500000 then return 0 end
redis.call('HSET', KEYS[1], 'next', string.format('%.0f', math.min(now + 1000000, math.max(now + 500000, from))),
  'rate', string.format('%.3f', math.max(${rates.lowest}, rate * 0.5)), 'slowed', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`)

export function createFleetBuckets (
  { key, hidden, isUp, replicas, run, send, onUp }: Pick<Shared, 'key' | 'hidden' | 'isUp' | 'replicas' | 'run' | 'send' | 'onUp'>
): FleetBuckets {
  const [closed, present] = [key('pace', 'closed'), key('replicas')]
  const keyOf = (name: string): string => key('pace', hidden('pace', name))
  onUp((isNew) => {
    const milliseconds = String(isNew ? closedFor.newSession : closedFor.sameSession)
    send(['SET', closed, '', 'PX', milliseconds]).catch(() => undefined)
  })
  return {
    isUp,
    replicas,
    async lease (name, { wanted, interval, burst }) {
      const args = [wanted, Math.ceil(interval * 1_000), burst, kept]
      const [granted, time, count] = await run(take, [keyOf(name), closed, present], args) as [number, number, number]
      // A key that never expires has a negative time to live. In that case, the replica checks later whether the key still
      // exists.
      const left = time < 0 ? closedFor.sameSession : Math.min(closedFor.newSession, Math.max(1, time))
      return granted < 0 ? { closedFor: left, replicas: count } : { granted, next: time / 1_000 }
    },
    slowDown: async (name) => run(slow, [keyOf(name)], [kept])
  }
}
