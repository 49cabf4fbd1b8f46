import type { BulkOutcome } from './plan.ts'
import type { BulkRun } from './run.ts'

/**
 * Wraps a run so that each outcome is audited before it is emitted. Outcomes that accumulate during an audit are audited
 * together. They are emitted only as fast as the reader accepts them. If an audit fails, its outcomes are not emitted, no further
 * secrets are started, and the run fails.
 */
export const auditBeforeEmit = (bulk: BulkRun, audit: (outcomes: readonly BulkOutcome[]) => Promise<void>): BulkRun => ({
  ...bulk,
  async run ({ signal, settled, ...control }) {
    const failing = new AbortController()
    let waiting: { outcome: BulkOutcome, index: number }[] = []
    let auditing = Promise.resolve()

    async function flush (): Promise<void> {
      const batch = waiting
      waiting = []
      if (batch.length === 0) return
      await audit(batch.map(({ outcome }) => outcome))
      for (const { outcome, index } of batch) {
        await control.ready?.(signal)
        settled(outcome, index)
      }
    }

    const summary = await bulk.run({
      ...control,
      signal: AbortSignal.any([signal, failing.signal]),
      settled (outcome, index) {
        waiting.push({ outcome, index })
        auditing = auditing.then(flush)
        auditing.catch(() => { failing.abort() })
      }
    })
    await auditing
    return summary
  }
})
