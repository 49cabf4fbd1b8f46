import type { Monotonic } from '#src/clock'
import { Problem } from '#src/problems/problem'

/** A reservation of memory. */
export interface Reservation {
  /** Lowers the reservation to this number of bytes. Has no effect if the reservation is already that small. */
  shrinkTo: (bytes: number) => void
  /** Releases the bytes. Further calls have no effect. */
  release: () => void
}

/**
 * A budget of memory, in bytes. A request reserves memory before it allocates any. A caller may hold at most as many bytes as
 * remain free, so there is always room for another caller: a single caller gets half, and two callers get a third each.
 */
export interface Budget {
  /** @throws Problem `overloaded` if there is not enough room. `Retry-After` is the estimated time until there is enough. */
  reserve: (callerId: string, bytes: number) => Reservation
  /** Reserves bytes even if there is no room for them. Use this when the request can no longer be refused. */
  charge: (callerId: string, bytes: number) => Reservation
}

/** The number of recent releases that the estimated wait is based on. */
const estimatedFrom = 32

/** The bounds of an estimated wait, and the estimate if there were no recent releases, in seconds. */
const estimate = { least: 1, most: 60, unknown: 5 }

/**
 * Creates a budget.
 *
 * @param size returns its current size, in bytes
 * @param monotonic measures how fast bytes are released
 */
export function createBudget (size: () => number, monotonic: Monotonic): Budget {
  const held = new Map<string, number>()
  let all = 0
  let released: { readonly at: number, readonly bytes: number }[] = []

  const heldBy = (callerId: string): number => held.get(callerId) ?? 0

  function hold (callerId: string, bytes: number): void {
    const own = heldBy(callerId) + bytes
    all += bytes
    if (own > 0) held.set(callerId, own)
    else held.delete(callerId)
  }

  /** Returns the number of bytes by which a reservation would exceed the caller's limit. */
  const excess = (callerId: string, bytes: number): number => heldBy(callerId) + bytes - (size() - all - bytes)

  function overloaded (missing: number): Problem {
    const [first] = released
    const freed = released.reduce((sum, { bytes }) => sum + bytes, 0)
    const perSecond = first === undefined ? 0 : freed / (monotonic() - first.at) * 1_000
    const seconds = perSecond === 0 ? estimate.unknown : missing / perSecond
    return new Problem('overloaded', {
      reason: 'requests and replies hold too much memory',
      retryAfter: Math.ceil(Math.min(Math.max(seconds, estimate.least), estimate.most))
    })
  }

  function charge (callerId: string, bytes: number): Reservation {
    let left = bytes
    hold(callerId, bytes)
    const shrinkTo = (wanted: number): void => {
      const freed = left - wanted
      if (freed <= 0) return
      left = wanted
      hold(callerId, -freed)
      released = [...released, { at: monotonic(), bytes: freed }].slice(-estimatedFrom)
    }
    return { shrinkTo, release: () => { shrinkTo(0) } }
  }

  return {
    reserve (callerId, bytes) {
      const missing = excess(callerId, bytes)
      if (missing > 0) throw overloaded(missing)
      return charge(callerId, bytes)
    },
    charge
  }
}
