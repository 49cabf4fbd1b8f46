import type { Scope } from '#src/secrets/scope'

/** The idempotency keys that were used, each with a fingerprint of its request. */
export interface IdempotencyKeys {
  /**
   * Records the key of a request. Returns the request's fingerprint, to be stored with a job, if all processes compute the same
   * one. Otherwise, and for a request without a key, returns undefined.
   *
   * @throws Problem `idempotency-mismatch` if the caller has used the key in this environment with a different body or credential
   */
  check: (scope: Scope, body: object) => Promise<string | undefined>
}
