import { createFairQueue, type Owner } from '#src/admission/fair-queue'
import { Problem } from '#src/problems/problem'

/** The maximum numbers of signatures in verification, and waiting for it. */
export interface CheckLimits {
  readonly atOnce: number
  /** The maximum number of waiting signatures per address. */
  readonly waitingOfOne: number
}

/** Limits the number of signatures that are verified concurrently. */
export interface SignatureChecks {
  /**
   * Waits until a signature may be verified. The addresses that the signatures come from take turns.
   *
   * @returns a function to call when the signature has been verified
   * @throws Problem `overloaded` if too many signatures from the address are waiting
   */
  enter: (address: string) => Promise<() => void>
}

interface Waiting extends Owner {
  readonly begin: () => void
}

/**
 * Creates a queue of signatures to verify. Node.js verifies them in its thread pool, which also writes the audit trail. Without a
 * limit, an unauthenticated client that sends many tokens would delay everybody else.
 */
export function createSignatureChecks ({ atOnce, waitingOfOne }: CheckLimits): SignatureChecks {
  const waiting = createFairQueue<Waiting>()
  let running = 0

  function leave (): void {
    const next = waiting.next(() => true)
    if (next === undefined) running -= 1
    else next.begin()
  }

  return {
    async enter (address) {
      if (running < atOnce) {
        running += 1
        return leave
      }
      if (waiting.sizeOf(address) >= waitingOfOne) throw new Problem('overloaded', { reason: 'too many tokens to verify' })
      return new Promise((resolve) => {
        waiting.add({ callerId: address, environment: '', begin: () => { resolve(leave) } })
      })
    }
  }
}

/** The queue of this process. */
export const signatureChecks = createSignatureChecks({ atOnce: 16, waitingOfOne: 2_000 })
