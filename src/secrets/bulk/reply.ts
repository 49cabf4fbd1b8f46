import type { Static } from '@sinclair/typebox'
import type { Problem } from '#src/problems/problem'
import type { BulkOutcome } from './plan.ts'
import type { BulkSummary } from './run.ts'
import type { BulkCreateReply, BulkItemReply } from './schemas.ts'

export type BulkItemReply = Static<typeof BulkItemReply>

/** The approximate memory of one secret's result, in bytes. */
export const resultBytes = 1024

/** Returns the JSON form of one outcome. */
export const bulkItemReply = (
  { problem, ...outcome }: BulkOutcome, problemBody: (problem: Problem) => Record<string, unknown>
): BulkItemReply => problem === undefined ? outcome : { ...outcome, problem: problemBody(problem) }

export const bulkReply = (
  items: readonly BulkItemReply[], { dryRun, counts, stopped }: BulkSummary
): Static<typeof BulkCreateReply> => ({
  dryRun,
  counts,
  ...(stopped !== undefined && { stopped }),
  secretArnMap: Object.fromEntries(items.flatMap(({ name, arn }) => arn === undefined ? [] : [[name, arn]])),
  items: [...items]
})
