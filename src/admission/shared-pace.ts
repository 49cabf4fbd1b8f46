import { script } from '#src/shared/script'
import type { Shared } from '#src/shared/shared'

/** Tokens of a bucket that all replicas share. They must be used at once. */
export interface Lease {
  readonly granted: number
  /** The time in milliseconds until there is another token. */
  readonly next: number
}

/** Why there are no tokens: the server gives out none for some milliseconds, because the replicas divide the quota themselves. */
export interface Closed {
  readonly closedFor: number
  readonly replicas: number
}

/** What a bucket asks for. */
export interface LeaseRequest {
  readonly wanted: number
  /** The time between two tokens, in milliseconds. */
  readonly interval: number
  /** The number of tokens that may be used together after an idle period. */
  readonly burst: number
}

/** The token buckets of a fleet, which are on the server. */
export interface SharedPace extends Pick<Shared, 'isUp' | 'replicas'> {
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
 * The milliseconds for which the server gives out no tokens after a replica has connected, or could use the server again. In this
 * time, other replicas return, too. Before, they use their shares of the quota without asking the server.
 */
const closedFor = { newSession: 4_000, sameSession: 500 } as const

/** The milliseconds for which the state of a bucket is kept. A bucket without a state has no burst. */
const kept = 30_000

/**
 * Takes tokens from a bucket, as many as there are. All times are in microseconds. The state is the time from which there is a
 * token.
 *
 * KEYS: the bucket, the key that exists while no tokens are given out, and the set of the replicas
 * ARGV: the number of tokens, the time between two of them, the burst, and how long the state is kept, in milliseconds
 */
const take = script(`
local closed = redis.call('PTTL', KEYS[2])
if closed ~= -2 then return { -1, closed, redis.call('ZCARD', KEYS[3]) } end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local state = redis.call('HMGET', KEYS[1], 'next', 'rate', 'slowed')
local rate = 1
if state[2] then rate = math.min(1, tonumber(state[2]) + 0.05 * (now - tonumber(state[3])) / 1000000) end
local interval = tonumber(ARGV[2]) / rate
local next = math.max(tonumber(state[1] or now), now - (tonumber(ARGV[3]) - 1) * interval)
local granted = math.max(0, math.min(tonumber(ARGV[1]), math.floor((now - next) / interval) + 1))
next = next + granted * interval
if granted > 0 then
  redis.call('HSET', KEYS[1], 'next', string.format('%.0f', next))
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return { granted, math.max(0, math.ceil(next - now)), 0 }
`)

/**
 * Halves the rate of a bucket, and gives out no tokens for half a second. Calls that are throttled together count once.
 *
 * KEYS: the bucket
 * ARGV: how long the state is kept, in milliseconds
 */
const slow = script(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local state = redis.call('HMGET', KEYS[1], 'next', 'rate', 'slowed')
local rate = 1
if state[2] then
  if now - tonumber(state[3]) < 500000 then return 0 end
  rate = math.min(1, tonumber(state[2]) + 0.05 * (now - tonumber(state[3])) / 1000000)
end
redis.call('HSET', KEYS[1], 'next', string.format('%.0f', math.max(tonumber(state[1] or now), now + 500000)),
  'rate', string.format('%.3f', math.max(0.1, rate * 0.5)), 'slowed', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`)

/** Creates the buckets of a fleet. */
export function createSharedPace (
  { key, hidden, isUp, replicas, run, send, onUp }: Pick<Shared, 'key' | 'hidden' | 'isUp' | 'replicas' | 'run' | 'send' | 'onUp'>
): SharedPace {
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
      const [granted = 0, time = 0, count = 1] = await run(take, [keyOf(name), closed, present], args) as number[]
      return granted < 0 ? { closedFor: Math.max(1, time), replicas: count } : { granted, next: time / 1_000 }
    },
    slowDown: async (name) => run(slow, [keyOf(name)], [kept])
  }
}
