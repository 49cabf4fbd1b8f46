import { partitionWith } from '#src/local-backend/partition'
import { parsePolicy, type PolicyKind } from '#src/local-backend/policies/parse'
import type { Policy } from '#src/local-backend/policies/policy'
import { PolicyError } from '#src/local-backend/policies/policy-error'
import { defaultDuration } from './model.ts'

/** An IAM role that can be assumed. */
export interface Role {
  /** The role's ARN, such as `arn:aws:iam::ACCOUNT:role/NAME`, optionally with a path before the name. */
  arn: string
  /** The trust policy as a JSON document. It specifies who can assume the role. */
  trustPolicy: string
  /** The identity policies as JSON documents. Without any, the role's sessions have no permissions. */
  identityPolicies?: readonly string[]
  /** The maximum duration of a session, in seconds: 3600 (the default) to 43200. */
  maxSessionDuration?: number
}

/** A role with parsed policies. */
export interface KnownRole {
  arn: string
  /** The ID of the role's account, twelve digits. */
  accountId: string
  name: string
  trustPolicy: Policy
  identityPolicies: readonly Policy[]
  /** The maximum duration of a session, in seconds. */
  maxSessionDuration: number
}

const roleArn = /^arn:aws[a-z-]*:iam::(\d{12}):role\/(?:[!-~]+\/)?([\w+=,.@-]{1,64})$/

/**
 * Returns the roles, keyed by ARN.
 *
 * @throws Error that names the role, if its ARN, its maximum session duration or a policy is invalid; Error if two roles have the
 * same ARN
 */
export function rolesOf (declared: readonly Role[]): ReadonlyMap<string, KnownRole> {
  const roles = new Map(declared.map((role) => [role.arn, knownRole(role)]))
  if (roles.size < declared.length) throw new Error('Two roles have the same ARN')
  return roles
}

function knownRole ({ arn, trustPolicy, identityPolicies = [], maxSessionDuration = defaultDuration }: Role): KnownRole {
  const [, accountId, name] = roleArn.exec(arn) ?? []
  if (accountId === undefined || name === undefined) throw new Error(`The role ${arn} must have an ARN of the form arn:aws:iam::ACCOUNT:role/NAME`)
  if (!Number.isInteger(maxSessionDuration) || maxSessionDuration < defaultDuration || maxSessionDuration > 43_200) {
    throw new Error(`The role ${arn} must have a maximum session duration of 3600 to 43200 seconds`)
  }
  const read = (text: string, kind: PolicyKind, what: string): Policy => {
    try {
      return parsePolicy(text, kind, partitionWith(arn))
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
      throw new Error(`The ${what} policy of the role ${arn} is malformed: ${error.message}`, { cause: error })
    }
  }
  return {
    arn,
    accountId,
    name,
    maxSessionDuration,
    trustPolicy: read(trustPolicy, 'trust', 'trust'),
    identityPolicies: identityPolicies.map((text) => read(text, 'identity', 'identity'))
  }
}
