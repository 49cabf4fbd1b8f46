import { script } from '#src/shared/script'
import type { Shared } from '#src/shared/shared'
import { remembered, type UsedSignatures } from './used-signatures.ts'

/**
 * Notes since when the server remembers signatures, unless it knows already. A server that has lost its data begins anew.
 *
 * KEYS: the time since which signatures are remembered, in milliseconds since the epoch
 */
const begin = script(`
local time = redis.call('TIME')
return redis.call('SET', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), 'NX')
`)

/**
 * Marks a signature as used. Refuses a signature that is older than the memory, because it may have been used and forgotten.
 *
 * KEYS: the time since which signatures are remembered, and the signature
 * ARGV: the time of the signature, and the time for which it is remembered, in milliseconds
 */
const take = script(`
local since = redis.call('GET', KEYS[1])
if not since or tonumber(ARGV[1]) < tonumber(since) then return 'unknown' end
if redis.call('SET', KEYS[2], '', 'NX', 'PX', ARGV[2]) then return 'taken' end
return 'used'
`)

/** A signature has the time in seconds, so it may seem to be this much older than it is, in milliseconds. */
const resolution = 1_000

/**
 * Returns the set of signatures that all replicas remember together. While the server can't be used, `take` rejects, because
 * nobody could tell whether another replica has accepted the signature. The server stores an HMAC of each signature.
 */
export function sharedSignatures (
  { key, hidden, run, send, onUp }: Pick<Shared, 'key' | 'hidden' | 'run' | 'send' | 'onUp'>
): UsedSignatures {
  const since = key('signatures', 'since')
  const keyOf = (signature: string): string => key('signature', hidden('signature', signature))
  const start = async (): Promise<unknown> => run(begin, [since])
  onUp((isNew) => { if (isNew) start().catch(() => undefined) })
  return {
    async take (signature, signedAt) {
      const taken = await run(take, [since, keyOf(signature)], [signedAt + resolution, remembered])
      if (taken === 'taken' || taken === 'used') return taken
      await start()
      return 'unknown'
    },
    async release (signature) { await send(['DEL', keyOf(signature)]).catch(() => undefined) }
  }
}
