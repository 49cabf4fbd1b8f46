import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { isJsonObject } from '#src/json/lossless'
import { Problem } from '#src/problems/problem'
import { forEachInTurns } from '#src/scheduling/turns'
import type { Scope } from '#src/secrets/scope'

/** The idempotency keys that were used, each with a fingerprint of its request. */
export interface IdempotencyKeys {
  /**
   * Records the key of a request.
   *
   * @throws Problem `idempotency-mismatch` if the caller has used the key in this environment with a different body or credential
   */
  check: (scope: Scope, body: object) => Promise<void>
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
    async check ({ idempotencyKey, callerId, environment, credentialId }, body) {
      if (idempotencyKey === undefined) return
      const key = JSON.stringify([callerId, environment.name, idempotencyKey])
      const hmac = createHmac('sha256', secret).update(credentialId)
      await forEachInTurns(canonical(body), (piece) => { hmac.update(piece) })
      const fingerprint = hmac.digest('base64')
      const before = fingerprints.get(key)
      if (before !== undefined && before !== fingerprint) throw new Problem('idempotency-mismatch')
      fingerprints.set(key, fingerprint)
    }
  }
}

/** Returns the pieces of a body's JSON. The order of its members does not affect them. A long list is not a single piece. */
function* canonical (body: object): Generator<string> {
  for (const [name, member] of sortedEntries(body)) {
    yield JSON.stringify(name)
    if (!Array.isArray(member)) {
      yield sortedJson(member)
      continue
    }
    yield '['
    for (const item of member) yield sortedJson(item)
    yield ']'
  }
}

const sortedEntries = (object: object): [string, unknown][] =>
  Object.entries(object).sort(([one], [other]) => one < other ? -1 : 1)

const sortedJson = (value: unknown): string => JSON.stringify(value, (_name, member: unknown) =>
  isJsonObject(member) ? Object.fromEntries(sortedEntries(member)) : member)
