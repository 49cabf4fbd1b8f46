import { setTimeout as delay } from 'node:timers/promises'
import { ownerOf, type AwsCall } from './call.ts'

/**
 * The time after a write during which AWS's replies may still show the old state, in milliseconds. AWS documents no number, so
 * this is a guess.
 */
export const consistencyWindow = 3_000

/** The first and the longest pause before AWS is called again, in milliseconds. */
const pauses = { first: 25, longest: 400 }

/** The number of pauses that together last about as long as `consistencyWindow`. */
const maximumPauses = 12

/**
 * Waits before AWS is called again, because its reply may have been outdated.
 *
 * @param attempt the number of earlier pauses of the same read
 * @returns false if the call's owner has left
 */
export async function pause (call: AwsCall, attempt: number): Promise<boolean> {
  const signal = ownerOf(call)
  try {
    await delay(Math.min(pauses.longest, pauses.first * 2 ** attempt), undefined, { ...signal && { signal } })
    return true
  } catch {
    return false
  }
}

/**
 * Calls AWS repeatedly until a reply shows the expected result. Gives up only after more than `consistencyWindow`, so that an
 * outdated reply is not mistaken for a missing result.
 *
 * @param ask returns undefined if the reply doesn't show the result. `isLast` is true for the last attempt, whose reply counts as
 *   current.
 * @returns undefined if no reply has shown the result, or if the call's owner has left
 */
export async function untilShown<Found> (
  call: AwsCall, ask: (isLast: boolean) => Promise<Found | undefined>
): Promise<Found | undefined> {
  for (let attempt = 0; ; attempt++) {
    const isLast = attempt === maximumPauses
    const found = await ask(isLast)
    if (found !== undefined || isLast || !await pause(call, attempt)) return found
  }
}
