import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { Problem } from '#src/problems/problem'
import type { Scope } from '#src/secrets/scope'

/** The idempotency keys that were used, and a fingerprint of the request of each. */
export interface IdempotencyKeys {
  /** Records the scope's key. @throws Problem `idempotency-mismatch` if the caller has used it with another body or credential */
  check: (scope: Scope, body: object) => void
}

const maximumKeys = 10_000

/**
 * Creates a store of the latest keys of this process. The fingerprints are keyed hashes, which reveal nothing about values. Keys
 * that were used in another process, or before a restart, are unknown here; AWS then refuses another value for each secret.
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

/** Returns JSON that does not depend on the order of members. */
const canonical = (body: object): string => JSON.stringify(body, (_name, value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1))
    : value)
