import type { Static } from '@sinclair/typebox'
import { compact } from '#src/json/compact'
import type { Problem } from '#src/problems/problem'
import { countOf, zeroCounts } from '#src/secrets/counts'
import type { Scope } from '#src/secrets/scope'
import type { PromotionOutcome, PromotionOutcomes } from './promote.ts'
import { promotionResults, type PromotionBody, type PromotionReply } from './schemas.ts'

/** The outcome for one secret in the source or in the target, for the audit trail. */
export interface PromotedSecret {
  /** The source environment. Absent for a secret in the target, which is in the environment of the request. */
  environment?: string
  credential?: string
  name: string
  /** The action, if it is not `PromoteSecret`. */
  action?: 'CompareValues'
  result: string
  versionId?: string
  problem?: Problem
}

/**
 * Returns the outcomes to record. Each secret has an outcome in the target environment. If the secret's value was read, it also
 * has an outcome in the source environment, which comes first.
 */
export function promotedSecrets (
  { environment, credentialId }: Scope, { dryRun = false }: PromotionBody, outcomes: readonly PromotionOutcome[]
): PromotedSecret[] {
  return outcomes.flatMap(({ name, result, versionId, readVersionId, problem }) => {
    const target = compact({ name, result: dryRun ? 'planned' : result, versionId, problem })
    if (readVersionId === undefined) return [target]
    // A dry run reads values only to compare them.
    const done = dryRun ? { action: 'CompareValues' as const, result: 'compared' } : { result: problem === undefined ? 'copied' : 'read' }
    return [{ environment: environment.name, credential: credentialId, name, ...done, versionId: readVersionId }, target]
  })
}

export function promotionReply (
  { from, dryRun = false }: PromotionBody,
  { outcomes, unaddressable }: PromotionOutcomes,
  problemBody: (problem: Problem) => Record<string, unknown>
): Static<typeof PromotionReply> {
  const counts = zeroCounts(promotionResults)
  for (const { result } of outcomes) counts[countOf[result]]++
  return compact({
    dryRun,
    from,
    counts,
    items: outcomes.map(({ problem, readVersionId, ...outcome }) =>
      problem === undefined ? outcome : { ...outcome, problem: problemBody(problem) }),
    unaddressable
  })
}
