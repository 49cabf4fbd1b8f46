import { setTimeout as delay } from 'node:timers/promises'

/** The length of a cycle in milliseconds. In each cycle, the burner works and then rests. */
const period = 10

/** Uses a share of a core, from 0 to 1, until the signal is aborted. */
export async function burn (share: number, signal: AbortSignal): Promise<void> {
  const work = Math.min(share, 1) * period
  while (!signal.aborted) {
    const began = performance.now()
    while (performance.now() - began < work);
    await delay(Math.max(0, began + period - performance.now()))
  }
}
