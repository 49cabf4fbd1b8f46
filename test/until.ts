import { setTimeout } from 'node:timers/promises'
import { patience } from './raw.ts'

/**
 * Waits until a condition is true, and tests it again and again. Rejects if it does not become true, so that the test fails instead
 * of hanging.
 *
 * @param interval the time between two tests of the condition, in milliseconds
 */
export async function until (holds: () => unknown, interval = 5): Promise<void> {
  const end = performance.now() + patience
  while (await holds() !== true) {
    if (performance.now() > end) throw new Error(`This did not become true: ${holds.toString()}`)
    await setTimeout(interval)
  }
}
