import { Problem } from '#src/problems/problem'
import { script } from '#src/shared/script'
import type { Shared } from '#src/shared/shared'
import { fingerprintOf, keyName } from './fingerprint.ts'
import type { IdempotencyKeys } from './port.ts'

/** The number of keys that are kept, and the time for which they are kept, in milliseconds. */
interface KeyLimits {
  readonly keys: number
  readonly lifetime: number
}

const limits: KeyLimits = { keys: 100_000, lifetime: 24 * 60 * 60 * 1_000 }

/**
 * Records a key, unless it was used with another request.
 *
 * KEYS: a hash of the fingerprints by key, and a sorted set of the keys by the time of their last use, in microseconds, so that
 * no two times are equal
 * ARGV: the key, the fingerprint, the number of keys that are kept, and the time for which they are kept
 * Returns 0 if the key was used with another request, and 1 otherwise
 */
const record = script(`
local time = redis.call('TIME')
local now = time[1] * 1e6 + time[2]
local function forget(keys)
  for _, key in ipairs(keys) do
    redis.call('HDEL', KEYS[1], key)
    redis.call('ZREM', KEYS[2], key)
  end
end
forget(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[4] * 1e3, 'LIMIT', 0, 100))
local before = redis.call('HGET', KEYS[1], ARGV[1])
if before and before ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now, ARGV[1])
local surplus = redis.call('ZCARD', KEYS[2]) - ARGV[3]
if surplus > 0 then forget(redis.call('ZRANGE', KEYS[2], 0, surplus - 1)) end
return 1
`)

/**
 * The HMAC key for the fingerprint. It need not be secret, because the fingerprint is stored only as an HMAC with the fleet's
 * key.
 */
const noKey = Buffer.alloc(32)

/**
 * Creates the store of keys that all replicas share. Both the keys and the fingerprints of the requests are stored as HMACs with
 * the fleet's key. While the store can't be used, a request with a key is refused, because another replica may be carrying it
 * out.
 */
export function createSharedIdempotencyKeys (
  { key, hidden, run }: Pick<Shared, 'key' | 'hidden' | 'run'>, { keys, lifetime } = limits
): IdempotencyKeys {
  const names = [key('idempotency', 'fingerprints'), key('idempotency', 'used')]
  return {
    async check (scope, body) {
      if (scope.idempotencyKey === undefined) return undefined
      const name = hidden('idempotency key', keyName(scope, scope.idempotencyKey))
      const fingerprint = hidden('idempotency fingerprint', await fingerprintOf(scope, body, noKey))
      if (await run(record, names, [name, fingerprint, keys, lifetime]) === 0) throw new Problem('idempotency-mismatch')
      return fingerprint
    }
  }
}
