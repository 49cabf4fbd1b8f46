import { setTimeout } from 'node:timers/promises'
import type { Monotonic } from '#src/clock'
import { isProblem } from '#src/problems/problem'
import { isRefusal } from '#src/shared/failures'
import type { Answer } from './store-port.ts'

/** How the owner of a job asks the store, and what it knows of its lease. */
export interface Questions {
  /**
   * Asks until the store answers. Returns undefined if there is no need to know any longer.
   *
   * @throws Problem `shared-state-unavailable` if the server refuses all questions for a while: waiting will not help
   */
  readonly insist: <T>(ask: () => Promise<T>, isNeeded: () => boolean) => Promise<T | undefined>
  /** Asks a question that extends the lease. */
  readonly extending: <T extends Answer | 'done'>(ask: () => Promise<T>) => Promise<T>
  /** Returns true while the lease certainly lasts, so that no other replica can own the job. */
  readonly isHeld: () => boolean
}

/** The pause before a question to the store is repeated, in milliseconds. */
const pause = 200

/** The part of a lease that its owner uses. The server's clock may run a little faster than this process's. */
const usable = 0.9

/** The number of leases for which an owner puts up with refusals by the server, which may be out of memory for a while. */
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
