import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { isJsonObject } from '#src/json/lossless'
import { Problem } from '#src/problems/problem'
import type { Scope } from '#src/secrets/scope'

/** The idempotency keys that were used, each with a fingerprint of its request. */
export interface IdempotencyKeys {
  /**
   * Records the key of a request.
   *
   * @throws Problem `idempotency-mismatch` if the caller has used the key in this environment with a different body or credential
   */
  check: (scope: Scope, body: object) => void
}

const maximumKeys = 10_000

/**
 * Creates an in-memory store of the most recently used keys, each with a fingerprint of its request. Fingerprints are HMACs, so
 * they reveal nothing about secrets' values. The store does not know keys that were used in another process or before a restart.
 * If such a key is used again with a different value for a secret, AWS refuses the write.
 */
export function createIdempotencyKeys (): IdempotencyKeys {
  const secret = randomBytes(32)
  const fingerprints = new LRUCache<string, string>({ max: maximumKeys })
  return {
    check ({ idempotencyKey, callerId, environment, credentialId }, body) {
      if (idempotencyKey === undefined) return
      const key = JSON.stringify([callerId, environment.name, idempotencyKey])
      const fingerprint = createHmac('sha256', secret).update(credentialId).update(canonical(body)).digest('base64')
      const before = fingerprints.get(key)
      if (before !== undefined && before !== fingerprint) throw new Problem('idempotency-mismatch')
      fingerprints.set(key, fingerprint)
    }
  }
}

/** Returns the body as JSON. The order of its members does not affect the result. */
const canonical = (body: object): string => JSON.stringify(body, (_name, value: unknown) =>
  isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1))
    : value)
