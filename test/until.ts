import { setTimeout } from 'node:timers/promises'
import { hangTimeout } from './raw.ts'

/**
 * Polls a condition until it is true. Rejects if this takes too long, so that the test fails instead of hanging.
 *
 * @param interval the time between two polls, in milliseconds
 */
export async function until (holds: () => unknown, interval = 5): Promise<void> {
  const end = performance.now() + hangTimeout
  while (await holds() !== true) {
    if (performance.now() > end) throw new Error(`This did not become true: ${holds.toString()}`)
    await setTimeout(interval)
  }
}
