import { parsePolicy } from '../policies/parse.ts'
import { PolicyError, type PolicyMistake } from '../policies/policy-error.ts'
import type { Policy } from '../policies/policy.ts'
import { errors } from '../protocol/errors.ts'
import { findResourcePolicy } from '../store/resource-policies.ts'
import type { Secret } from '../store/secrets.ts'
import type { Store } from '../store/store.ts'

const malformed: Record<PolicyMistake, () => Error> = {
  syntax: errors.malformedPolicy,
  principal: errors.unsupportedPrincipal,
  'service-principal': errors.unsupportedServicePrincipal
}

const denyEverything: Policy = parsePolicy(JSON.stringify({
  Version: '2012-10-17', Statement: { Effect: 'Deny', Principal: '*', Action: '*', Resource: '*' }
}), 'resource')

/** Reads the text of a resource policy; throws MalformedPolicyDocumentException. */
export function readResourcePolicy (text: string): Policy {
  try {
    return parsePolicy(text, 'resource')
  } catch (error) {
    throw error instanceof PolicyError ? malformed[error.mistake]() : error
  }
}

/** A secret's resource policy, if it has one. What is stored and can't be read denies everything. */
export function resourcePolicyOf (store: Store, secret: Secret): Policy | undefined {
  const text = findResourcePolicy(store, secret)
  if (text === undefined) return undefined
  try {
    return parsePolicy(text, 'resource')
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    return denyEverything
  }
}
