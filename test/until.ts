import { setTimeout as wait } from 'node:timers/promises'

/** Waits until a condition holds. If it never does, the test's own timeout ends the test. */
export async function until (holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!await holds()) await wait(10)
}
