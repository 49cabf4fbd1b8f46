import type { BulkOutcome } from './plan.ts'
import type { BulkRun } from './run.ts'

/**
 * A run that has each outcome recorded before it is told: as many at once as have come meanwhile. What can't be recorded is not
 * told; no further secret is begun then, and the run fails.
 */
export const recorded = (bulk: BulkRun, record: (outcomes: readonly BulkOutcome[]) => Promise<void>): BulkRun => ({
  ...bulk,
  async run ({ signal, settled, progress }) {
    const failing = new AbortController()
    let waiting: { outcome: BulkOutcome, index: number }[] = []
    let recording = Promise.resolve()

    async function recordWaiting (): Promise<void> {
      const batch = waiting
      waiting = []
      if (batch.length === 0) return
      await record(batch.map(({ outcome }) => outcome))
      for (const { outcome, index } of batch) settled(outcome, index)
    }

    const summary = await bulk.run({
      signal: AbortSignal.any([signal, failing.signal]),
      progress,
      settled (outcome, index) {
        waiting.push({ outcome, index })
        recording = recording.then(recordWaiting)
        recording.catch(() => { failing.abort() })
      }
    })
    await recording
    return summary
  }
})
