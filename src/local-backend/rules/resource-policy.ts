import { errors } from '#src/aws-protocol/errors'
import { parsePolicy } from '#src/local-backend/policies/parse'
import type { Policy } from '#src/local-backend/policies/policy'
import { PolicyError, type PolicyErrorKind } from '#src/local-backend/policies/policy-error'
import { findResourcePolicy } from '#src/local-backend/store/resource-policies'
import type { Secret } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'

const malformed: Record<PolicyErrorKind, () => Error> = {
  syntax: errors.malformedPolicy,
  principal: errors.unsupportedPrincipal,
  'service-principal': errors.unsupportedServicePrincipal
}

const denyEverything: Policy = parsePolicy(JSON.stringify({
  Version: '2012-10-17', Statement: { Effect: 'Deny', Principal: '*', Action: '*', Resource: '*' }
}), 'resource')

/**
 * Parses the text of a resource policy.
 *
 * @throws AwsError `MalformedPolicyDocumentException` if the policy is malformed
 */
export function readResourcePolicy (text: string): Policy {
  try {
    return parsePolicy(text, 'resource')
  } catch (error) {
    throw error instanceof PolicyError ? malformed[error.kind]() : error
  }
}

/**
 * Returns a secret's resource policy, if it has one. If the stored policy can't be parsed, returns a policy that denies
 * everything.
 */
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
