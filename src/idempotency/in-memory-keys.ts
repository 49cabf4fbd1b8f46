import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { Problem } from '#src/problems/problem'
import { fingerprintOf, keyName } from './fingerprint.ts'
import type { IdempotencyKeys } from './port.ts'

const maximumKeys = 10_000

/**
 * Creates an in-memory store of the most recently used keys, each with a fingerprint of its request. The store does not know keys
 * that were used in another process or before a restart. If such a key is used again with a different value for a secret, AWS
 * refuses the write.
 */
export function createIdempotencyKeys (): IdempotencyKeys {
  const secret = randomBytes(32)
  const fingerprints = new LRUCache<string, string>({ max: maximumKeys })
  return {
    async check (scope, body) {
      if (scope.idempotencyKey === undefined) return undefined
      const name = keyName(scope, scope.idempotencyKey)
      const fingerprint = await fingerprintOf(scope, body, secret)
      const before = fingerprints.get(name)
      if (before !== undefined && before !== fingerprint) throw new Problem('idempotency-mismatch')
      fingerprints.set(name, fingerprint)
      return undefined
    }
  }
}
