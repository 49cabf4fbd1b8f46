import { setTimeout as delay } from 'node:timers/promises'

/** The length of a cycle in milliseconds. In each cycle, the burner works and then rests. */
const period = 10

/** Keeps a core busy for a share of the time, until the signal is aborted. A `share` of 0.5 means half of the time. */
export async function burn (share: number, signal: AbortSignal): Promise<void> {
  const work = Math.min(share, 1) * period
  while (!signal.aborted) {
    const began = performance.now()
    while (performance.now() - began < work);
    await delay(Math.max(0, began + period - performance.now()))
  }
}
