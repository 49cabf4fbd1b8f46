import type { Monotonic } from '#src/clock'
import { remembered, type UsedSignatures } from './used-signatures.ts'

/**
 * Creates an empty set of used signatures in this process's memory. It uses a monotonic clock: with the wall clock, a used
 * signature could be accepted again after the clock was set ahead and back.
 *
 * @param capacity the maximum number of remembered signatures
 */
export function ownSignatures (monotonic: Monotonic, capacity = 100_000): UsedSignatures {
  /** The time at which each signature was added, oldest first. */
  const used = new Map<string, number>()

  function forgetOld (): void {
    const oldest = monotonic() - remembered
    for (const [signature, added] of used) {
      if (added >= oldest) return
      used.delete(signature)
    }
  }

  return {
    async add (signature) {
      if (used.has(signature)) return 'used'
      forgetOld()
      if (used.size >= capacity) return 'full'
      used.set(signature, monotonic())
      return 'added'
    },
    async remove (signature) { used.delete(signature) }
  }
}
