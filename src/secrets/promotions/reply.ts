import type { Static } from '@sinclair/typebox'
import { compact } from '#src/json/compact'
import type { Problem } from '#src/problems/problem'
import { countOf, zeroCounts } from '#src/secrets/counts'
import type { Scope } from '#src/secrets/scope'
import type { PromotionOutcome } from './promote.ts'
import { promotionResults, type PromotionBody, type PromotionReply } from './schemas.ts'

/** Who has what: the secrets that were read and those that were written, one by one, for the record of it. */
export interface PromotedSecret {
  /** Of the source; the target is the request's own. */
  environment?: string
  credential?: string
  name: string
  /** What was done to it, where that is not to promote it. */
  action?: 'CompareValues'
  result: string
  versionId?: string
  problem?: Problem
}

/** What a promotion has done to each secret, in the source and in the target. */
export function promotedSecrets (
  { environment, credentialId }: Scope, { dryRun = false }: PromotionBody, outcomes: readonly PromotionOutcome[]
): PromotedSecret[] {
  return outcomes.flatMap(({ name, result, versionId, readVersionId, problem }) => {
    const target = compact({ name, result: dryRun ? 'planned' : result, versionId, problem })
    if (readVersionId === undefined) return [target]
    // What a plan reads, it compares.
    const done = dryRun ? { action: 'CompareValues' as const, result: 'compared' } : { result: problem === undefined ? 'copied' : 'read' }
    return [{ environment: environment.name, credential: credentialId, name, ...done, versionId: readVersionId }, target]
  })
}

/** The reply to a promotion. */
export function promotionReply (
  { from, dryRun = false }: PromotionBody,
  outcomes: readonly PromotionOutcome[],
  problemBody: (problem: Problem) => Record<string, unknown>
): Static<typeof PromotionReply> {
  const counts = zeroCounts(promotionResults)
  for (const { result } of outcomes) counts[countOf[result]]++
  return {
    dryRun,
    from,
    counts,
    items: outcomes.map(({ problem, readVersionId, ...outcome }) =>
      problem === undefined ? outcome : { ...outcome, problem: problemBody(problem) })
  }
}
