import type { Monotonic } from '#src/clock'

/** The signatures used so far, for replay protection. Each is remembered for as long as AWS could accept it. */
export interface UsedSignatures {
  /**
   * Marks a signature as used. Accept the signature only if the result is `taken`.
   *
   * @returns the result:
   *   - `taken`: the signature was unused and is now marked
   *   - `used`: the signature was used before
   *   - `full`: no more signatures can be remembered
   */
  take: (signature: string) => 'taken' | 'used' | 'full'
  /** Forgets a signature that did not lead to a login. */
  release: (signature: string) => void
}

/**
 * Milliseconds for which a signature is remembered. AWS accepts a signature for 15 minutes, and the gateway accepts it for no
 * longer. Five minutes are added for signers whose clocks are fast. The time is measured by a monotonic clock. With the wall
 * clock, a used signature could be accepted again after the clock had been set ahead and back.
 */
const remembered = 20 * 60_000

/**
 * Creates an empty set of used signatures.
 *
 * @param capacity the maximum number of remembered signatures
 */
export function usedSignatures (monotonic: Monotonic, capacity = 100_000): UsedSignatures {
  /** The time at which each signature was taken, oldest first. */
  const used = new Map<string, number>()

  function forgetOld (): void {
    const oldest = monotonic() - remembered
    for (const [signature, taken] of used) {
      if (taken >= oldest) return
      used.delete(signature)
    }
  }

  return {
    take (signature) {
      if (used.has(signature)) return 'used'
      forgetOld()
      if (used.size >= capacity) return 'full'
      used.set(signature, monotonic())
      return 'taken'
    },
    release: (signature) => { used.delete(signature) }
  }
}
