import type { Scope } from '#src/secrets/scope'

/** The idempotency keys that were used, each with a fingerprint of its request. */
export interface IdempotencyKeys {
  /**
   * Records the key of a request. Returns the fingerprint of the request if all processes compute the same one, so that it can be
   * stored with a job. Returns undefined if the request has no key, or if the fingerprint holds only for this process.
   *
   * @throws Problem `idempotency-mismatch` if the caller has used the key in this environment with a different body or credential
   */
  check: (scope: Scope, body: object) => Promise<string | undefined>
}
