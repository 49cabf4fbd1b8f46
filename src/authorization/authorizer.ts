import { LRUCache } from 'lru-cache'
import { evaluate, prepare } from './cedar.ts'
import type { Authorize, Decision } from './decision.ts'
import type { PolicySet } from './policies.ts'

/** Characters of questions whose decisions are kept: some tens of thousands of decisions. */
const maximumKept = 8 * 1024 * 1024

/** What went wrong in an evaluation, and the policies in which it did. */
export interface EvaluationFailure {
  readonly policies: readonly string[]
  readonly message: string
}

/**
 * Decides by a set of policies: what none of them permits is denied, and what one of them forbids as well. Decisions are kept, by
 * everything that was asked; they go with the policies.
 *
 * @param onFailure told of each evaluation that failed, whose answer is a denial
 */
export function policyAuthorizer (policySet: PolicySet, onFailure: (failure: EvaluationFailure) => void): Authorize {
  const kept = new LRUCache<string, Decision>({ maxSize: maximumKept, sizeCalculation: (_decision, key) => key.length })
  prepare(policySet)
  return (question) => {
    const key = JSON.stringify(question)
    const known = kept.get(key)
    if (known !== undefined) return known
    const { failure, ...decision } = evaluate(policySet, question)
    if (failure === undefined) kept.set(key, decision)
    else onFailure({ policies: decision.policies, message: failure })
    return decision
  }
}
