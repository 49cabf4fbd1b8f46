/**
 * The result of marking a signature as used:
 *
 * - `added`: it was unused, and has been marked
 * - `used`: it was used before
 * - `full`: no more signatures can be remembered
 * - `unknown`: it may have been used before the server began to remember signatures
 */
export type AddResult = 'added' | 'used' | 'full' | 'unknown'

/** The signatures used so far, for replay protection. Each signature is remembered for as long as AWS could accept it. */
export interface UsedSignatures {
  /**
   * Marks a signature as used. Accept the signature only if the result is `added`.
   *
   * @param earliest the earliest time at which the signature can have been accepted, in milliseconds since the epoch
   * @throws Problem `shared-state-unavailable` if another replica may have accepted the signature
   */
  add: (signature: string, earliest: number) => Promise<AddResult>
  /** Forgets a signature that did not lead to a login, if possible. Never rejects. */
  remove: (signature: string) => Promise<void>
}

/**
 * Milliseconds for which a signature is remembered. AWS and the gateway accept a signature for at most 15 minutes. Five minutes
 * are added for signers whose clocks are fast.
 */
export const remembered = 20 * 60_000
