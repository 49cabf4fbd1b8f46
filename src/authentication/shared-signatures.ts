import type { Monotonic } from '#src/clock'
import { script } from '#src/shared/script'
import type { Shared } from '#src/shared/shared'
import { ownSignatures } from './own-signatures.ts'
import { remembered, type AddResult, type UsedSignatures } from './used-signatures.ts'

/**
 * Stores the current time as the beginning of the server's memory of signatures, unless a beginning is already stored. If the
 * server has lost its data, its memory begins anew.
 *
 * KEYS: the beginning of the memory, in milliseconds since the epoch
 */
const begin = script(`
local time = redis.call('TIME')
return redis.call('SET', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), 'NX')
`)

/**
 * Marks a signature as used. Refuses a signature that may have been used before the server began to remember signatures.
 *
 * KEYS: the beginning of the memory, and the signature
 * ARGV: the earliest time at which the signature can have been accepted, and how long it is remembered, in milliseconds
 */
const add = script(`
local since = redis.call('GET', KEYS[1])
if not since or tonumber(ARGV[1]) < tonumber(since) then return 'unknown' end
if redis.call('SET', KEYS[2], '', 'NX', 'PX', ARGV[2]) then return 'added' end
return 'used'
`)

/**
 * Returns the set of signatures that all replicas remember together. While the server can't be used, `add` rejects, because
 * another replica may have accepted the signature. The server stores an HMAC of each signature.
 *
 * Each replica also remembers the signatures that it has accepted itself, in case the server loses its data.
 */
export function sharedSignatures (
  { key, hidden, run, send, onUp }: Pick<Shared, 'key' | 'hidden' | 'run' | 'send' | 'onUp'>, monotonic: Monotonic
): UsedSignatures {
  const own = ownSignatures(monotonic)
  const since = key('signatures', 'since')
  const keyOf = (signature: string): string => key('signature', hidden('signature', signature))
  const start = async (): Promise<unknown> => run(begin, [since])
  onUp((isNew) => { if (isNew) start().catch(() => undefined) })

  async function addShared (signature: string, earliest: number): Promise<AddResult> {
    const added = await run(add, [since, keyOf(signature)], [earliest, remembered])
    if (added === 'added' || added === 'used') return added
    await start()
    return 'unknown'
  }

  return {
    async add (signature, earliest) {
      // If the replica's own memory is full, only the server's memory counts.
      if (await own.add(signature, earliest) === 'used') return 'used'
      let added: AddResult | undefined
      try {
        added = await addShared(signature, earliest)
        return added
      } finally {
        if (added !== 'added') await own.remove(signature)
      }
    },
    async remove (signature) {
      await own.remove(signature)
      await send(['DEL', keyOf(signature)]).catch(() => undefined)
    }
  }
}
