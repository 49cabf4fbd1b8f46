import { claimAttempt } from '#src/local-backend/store/rotation-attempts'
import type { Secret } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'

/** Milliseconds, by the real clock: for so long a process that was killed holds up the rotation that it was at. */
const lasts = 6000
const renewedAfter = 2000

/** A process's hold on an attempt, which no other process makes meanwhile. */
export interface Hold {
  /** Makes the hold last; tells whether it is still there. */
  renew: () => boolean
  /** Aborted when the hold is lost: the rotation was cancelled, or this process was held up and another has taken over. */
  lost: AbortSignal
  /** Ends renewing by itself. */
  stop: () => void
}

/** Claims an attempt for a process, inside the caller's transaction, and goes on to; undefined if another process has it. */
export function takeHold (store: Store, secret: Secret, versionId: string, owner: string): Hold | undefined {
  const lost = new AbortController()
  const renew = (): boolean => {
    const now = Date.now()
    const isOurs = claimAttempt(store, secret, { versionId, owner, until: now + lasts }, now)
    if (!isOurs) lost.abort()
    return isOurs
  }
  if (!renew()) return undefined
  const timer = setInterval(() => {
    try {
      renew()
    } catch {
      // Another process is writing. There is time for another try before the claim runs out.
    }
  }, renewedAfter)
  return { renew, lost: lost.signal, stop: () => { clearInterval(timer) } }
}
