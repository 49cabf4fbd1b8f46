import { setTimeout } from 'node:timers/promises'
import type { Monotonic } from '#src/clock'
import { isProblem } from '#src/problems/problem'
import { isRefusal } from '#src/shared/failures'
import type { Answer } from './store-port.ts'

/** Sends the questions of a job's owner to the store, and keeps track of the owner's lease. */
export interface Questions {
  /**
   * Repeats a question until the store answers it. Returns undefined if the answer is no longer needed.
   *
   * @throws Problem `shared-state-unavailable` if the server has refused all questions for so long that waiting will not help
   */
  readonly insist: <T>(ask: () => Promise<T>, isNeeded: () => boolean) => Promise<T | undefined>
  /** Asks a question that also extends the lease. */
  readonly extending: <T extends Answer | 'done'>(ask: () => Promise<T>) => Promise<T>
  /** Returns true while the lease has certainly not ended, so that no other replica can own the job. */
  readonly isHeld: () => boolean
}

/** The pause before a question to the store is repeated, in milliseconds. */
const pause = 200

/**
 * The part of a lease that its owner relies on. It is less than the whole, because the server's clock may run a little faster.
 */
const usable = 0.9

/** How long an owner tolerates that the server refuses everything, for example because it is out of memory. Counted in leases. */
const patience = 6

/** @param lease the length of a lease, in milliseconds */
export function createQuestions (lease: number, monotonic: Monotonic): Questions {
  let heldUntil = -Infinity
  /** The time since which the server has refused all questions. */
  let refusedSince: number | undefined
  return {
    async insist (ask, isNeeded) {
      while (isNeeded()) {
        try {
          const answer = await ask()
          refusedSince = undefined
          return answer
        } catch (error) {
          if (!isProblem(error, 'shared-state-unavailable')) throw error
          refusedSince = isRefusal(error) ? refusedSince ?? monotonic() : undefined
          if (refusedSince !== undefined && monotonic() - refusedSince > lease * patience) throw error
          await setTimeout(pause, undefined, { ref: false })
        }
      }
      return undefined
    },
    async extending (ask) {
      // The server may have extended the lease as soon as the question was sent.
      const asked = monotonic()
      const answer = await ask()
      if (answer !== 'lost') heldUntil = Math.max(heldUntil, asked + lease * usable)
      return answer
    },
    isHeld: () => monotonic() < heldUntil
  }
}
