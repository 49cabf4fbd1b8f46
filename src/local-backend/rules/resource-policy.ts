import { errors } from '#src/aws-protocol/errors'
import { partitionIn } from '#src/local-backend/partition'
import { parsePolicy } from '#src/local-backend/policies/parse'
import type { Policy } from '#src/local-backend/policies/policy'
import { PolicyError, type PolicyErrorKind } from '#src/local-backend/policies/policy-error'
import type { Scope } from '#src/local-backend/scope'
import { resourcePoliciesOf } from '#src/local-backend/store/resource-policies'
import type { Secret } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'

const malformed: Record<PolicyErrorKind, () => Error> = {
  syntax: errors.malformedPolicy,
  principal: errors.unsupportedPrincipal,
  'service-principal': errors.unsupportedServicePrincipal
}

/**
 * A recent addition to AWS's replies about resource policies. In this backend, a reply contains it only if the request does,
 * because the backend is compared with recordings of AWS from before the addition.
 */
export interface NamedPolicy {
  PolicyName?: string | undefined
}

/** The name of the only resource policy that callers can change. */
export const defaultPolicy = 'default'

/**
 * Checks the name in a request to change a resource policy. It must be the default policy's name, or be omitted.
 *
 * @throws AwsError `InvalidParameterException`
 */
export function checkPolicyName (name = defaultPolicy): void {
  if (name !== defaultPolicy) throw errors.policyNotChangeable()
}

const denyEverything: Policy = parsePolicy(JSON.stringify({
  Version: '2012-10-17', Statement: { Effect: 'Deny', Principal: '*', Action: '*', Resource: '*' }
}), 'resource')

/**
 * Parses the text of a resource policy of a secret in a region.
 *
 * @throws AwsError `MalformedPolicyDocumentException` if the policy is malformed
 */
export function readResourcePolicy (text: string, { region }: Pick<Scope, 'region'>): Policy {
  try {
    return parsePolicy(text, 'resource', partitionIn(region))
  } catch (error) {
    throw error instanceof PolicyError ? malformed[error.kind]() : error
  }
}

/**
 * Returns one policy with the statements of all resource policies of a secret. Returns undefined if there is no policy.
 *
 * @param replacement replaces the default policy, if given
 */
export function resourcePolicyOf (store: Store, secret: Secret, replacement?: Policy): Policy | undefined {
  const stored = resourcePoliciesOf(store, secret).filter(({ name }) => replacement === undefined || name !== defaultPolicy)
  const policies = [...stored.map(({ policy }) => readStored(policy, secret)), ...replacement === undefined ? [] : [replacement]]
  return policies.length === 0 ? undefined : { statements: policies.flatMap(({ statements }) => statements) }
}

/** Parses a stored policy. If it can't be parsed, returns a policy that denies everything. */
function readStored (text: string, { region }: Pick<Scope, 'region'>): Policy {
  try {
    return parsePolicy(text, 'resource', partitionIn(region))
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    return denyEverything
  }
}
