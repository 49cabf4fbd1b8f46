import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { Problem } from '#src/problems/problem'
import type { Scope } from '#src/secrets/scope'

/** Remembers with which request an `Idempotency-Key` was used. */
export interface Repeats {
  /** @throws Problem `idempotency-mismatch` where the caller has used the key with another body */
  check: (scope: Scope, body: object) => void
}

const maximumKeys = 10_000

/**
 * Remembers the latest requests of this process, by a keyed fingerprint that says nothing of their values. What was sent to
 * another replica, or before a start, is not known here: of that AWS refuses another value under the same key, secret by secret.
 */
export function createRepeats (): Repeats {
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

/** JSON that does not depend on the order of members. */
const canonical = (body: object): string => JSON.stringify(body, (_name, value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1))
    : value)
