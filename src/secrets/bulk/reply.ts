import type { Static } from '@sinclair/typebox'
import type { Problem } from '../../errors.ts'
import type { BulkOutcome } from './create.ts'
import type { BulkCreateReply, BulkResult } from './schemas.ts'

/** The reply to a bulk create. */
export function bulkReply (
  outcomes: readonly BulkOutcome[],
  dryRun: boolean,
  problemBody: (problem: Problem) => Record<string, unknown>
): Static<typeof BulkCreateReply> {
  const counts = { created: 0, updated: 0, skipped: 0, restored: 0, failed: 0 } satisfies Record<BulkResult, number>
  for (const { result } of outcomes) counts[result]++
  return {
    dryRun,
    counts,
    secretArnMap: Object.fromEntries(outcomes.flatMap(({ name, arn }) => arn === undefined ? [] : [[name, arn]])),
    items: outcomes.map(({ problem, ...outcome }) =>
      problem === undefined ? outcome : { ...outcome, problem: problemBody(problem) })
  }
}
