import { LRUCache } from 'lru-cache'
import type { Caller } from '#src/authentication/caller'
import { getOrCreate } from '#src/collections/get-or-create'
import { evaluate, prepare } from './cedar.ts'
import type { Authorize, Decision, Question } from './decision.ts'
import type { PolicySet } from './policies.ts'

/** The maximum total length of the decision cache's keys, in characters. It is enough for tens of thousands of decisions. */
const cacheSize = 8 * 1024 * 1024

/** A failed evaluation: the policies that could not be evaluated, and Cedar's error message. */
export interface EvaluationFailure {
  readonly policies: readonly string[]
  readonly message: string
}

/**
 * Creates the authorizer of a policy set. An action is denied unless a policy permits it and none forbids it. Decisions are
 * cached for the lifetime of the policy set, keyed by the whole question.
 *
 * @param onFailure called with each failed evaluation, which results in a denial
 */
export function policyAuthorizer (policySet: PolicySet, onFailure: (failure: EvaluationFailure) => void): Authorize {
  const cache = new LRUCache<string, Decision>({ maxSize: cacheSize, sizeCalculation: (_decision, key) => key.length })
  prepare(policySet)
  return (question) => {
    const key = keyOf(question)
    const cached = cache.get(key)
    if (cached !== undefined) return cached
    const { failure, ...decision } = evaluate(policySet, question)
    if (failure === undefined) cache.set(key, decision)
    else onFailure({ policies: decision.policies, message: failure })
    return decision
  }
}

/** Each caller as JSON. Requests with the same API key or cached token share one caller object, so it is encoded only once. */
const callerKeys = new WeakMap<Caller, string>()

/**
 * Encodes everything that a decision may depend on. Line feeds separate the parts unambiguously, because only the last part, the
 * name, could contain one.
 */
function keyOf ({ caller, action, credentialId, environment, name }: Question): string {
  const callerKey = getOrCreate(callerKeys, caller, () => JSON.stringify(caller))
  return `${callerKey}\n${action}\n${credentialId}\n${optional(environment)}\n${optional(name)}`
}

/** Encodes an optional string so that `undefined` differs from an empty string. */
const optional = (text: string | undefined): string => text === undefined ? '' : `=${text}`
