/** The signatures used so far, for replay protection. Each is remembered until it is too old to be accepted anyway. */
export interface UsedSignatures {
  /**
   * Marks a signature as used. Accept the signature only if the result is `taken`.
   *
   * @param until the signature is remembered until this time, in milliseconds since the epoch
   * @param now milliseconds since the epoch
   * @returns the result:
   *   - `taken`: the signature was unused and is now marked
   *   - `used`: the signature was used before
   *   - `full`: no more signatures can be remembered
   */
  take: (signature: string, until: number, now: number) => 'taken' | 'used' | 'full'
  /** Forgets a signature that did not lead to a login. */
  release: (signature: string) => void
}

/**
 * Creates an empty set of used signatures.
 *
 * @param capacity the maximum number of remembered signatures
 */
export function usedSignatures (capacity = 100_000): UsedSignatures {
  const used = new Map<string, number>()
  return {
    take (signature, until, now) {
      if (used.has(signature)) return 'used'
      if (used.size >= capacity) forgetExpired(used, now)
      if (used.size >= capacity) return 'full'
      used.set(signature, until)
      return 'taken'
    },
    release: (signature) => { used.delete(signature) }
  }
}

function forgetExpired (used: Map<string, number>, now: number): void {
  for (const [signature, until] of used) {
    if (until < now) used.delete(signature)
  }
}
