import { setTimeout } from 'node:timers/promises'
import type { Monotonic } from '#src/clock'
import { isProblem } from '#src/problems/problem'
import { isRefusal } from '#src/shared/failures'
import type { Answer } from './store-port.ts'

/** A replica's lease of a job, which also sends the replica's commands for the job to the store. */
export interface Lease {
  /**
   * Repeats a command until the store answers. Returns undefined if the answer is no longer needed.
   *
   * @throws Problem `shared-state-unavailable` if the server has refused all commands for so long that waiting will not help
   */
  readonly repeatUntilAnswered: <T>(send: () => Promise<T>, isNeeded: () => boolean) => Promise<T | undefined>
  /** Sends a command that also extends the lease. */
  readonly sendAndExtend: <T extends Answer | 'done'>(send: () => Promise<T>) => Promise<T>
  /** Returns true while the lease has certainly not expired, so that no other replica can own the job. */
  readonly isHeld: () => boolean
}

/** The pause before a command is repeated, in milliseconds. */
const pause = 200

/** The fraction of a lease that its owner relies on, because the server's clock may run a little faster. */
const usable = 0.9

/**
 * How long an owner tolerates that the server refuses all commands, for example because it is out of memory. Counted in leases.
 */
const toleratedLeases = 6

/** Creates a lease that has not begun. @param duration in milliseconds */
export function createLease (duration: number, monotonic: Monotonic): Lease {
  let heldUntil = -Infinity
  /** The time since which the server has refused all commands. */
  let refusedSince: number | undefined
  return {
    async repeatUntilAnswered (send, isNeeded) {
      while (isNeeded()) {
        try {
          const answer = await send()
          refusedSince = undefined
          return answer
        } catch (error) {
          if (!isProblem(error, 'shared-state-unavailable')) throw error
          refusedSince = isRefusal(error) ? refusedSince ?? monotonic() : undefined
          if (refusedSince !== undefined && monotonic() - refusedSince > duration * toleratedLeases) throw error
          await setTimeout(pause, undefined, { ref: false })
        }
      }
      return undefined
    },
    async sendAndExtend (send) {
      // The server may have extended the lease as soon as the command was sent.
      const asked = monotonic()
      const answer = await send()
      if (answer !== 'lost') heldUntil = Math.max(heldUntil, asked + duration * usable)
      return answer
    },
    isHeld: () => monotonic() < heldUntil
  }
}
