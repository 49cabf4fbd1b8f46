import { claimAttempt } from '#src/local-backend/store/rotation-attempts'
import type { Secret } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'

/**
 * The time after which a claim expires unless it is renewed, in milliseconds. It is measured by the system clock, even if the
 * backend is given another clock. If a process is killed, its rotations are blocked until their claims expire.
 */
const claimDuration = 6000
const renewInterval = 2000

/** A process's exclusive right to carry out an attempt at a rotation. */
export interface Claim {
  /** Extends the claim. Returns false if it has been lost. */
  renew: () => boolean
  /**
   * Aborted when the claim is lost, either because the rotation was cancelled, or because this process stalled and another
   * process took over.
   */
  lost: AbortSignal
  /** Stops the automatic renewal. */
  stop: () => void
}

/**
 * Claims an attempt for a process, inside the caller's transaction, and renews the claim automatically. Returns undefined if
 * another process has claimed the attempt, or if the attempt no longer exists.
 */
export function takeClaim (store: Store, secret: Secret, versionId: string, owner: string): Claim | undefined {
  const lost = new AbortController()
  const renew = (): boolean => {
    const now = Date.now()
    const isOurs = claimAttempt(store, secret, { versionId, owner, until: now + claimDuration }, now)
    if (!isOurs) lost.abort()
    return isOurs
  }
  if (!renew()) return undefined
  const timer = setInterval(() => {
    try {
      renew()
    } catch {
      // Another process is writing. The claim lasts long enough for another try.
    }
  }, renewInterval)
  return { renew, lost: lost.signal, stop: () => { clearInterval(timer) } }
}
