import { parsePolicy, type PolicyKind } from '#src/local-backend/policies/parse'
import type { Policy } from '#src/local-backend/policies/policy'
import { PolicyError } from '#src/local-backend/policies/policy-error'
import { usualDuration } from './model.ts'

/** A role of IAM that can be assumed. */
export interface Role {
  /** `arn:aws:iam::ACCOUNT:role/NAME`, perhaps with a path before the name. */
  arn: string
  /** Who may assume it, as a document of AWS's policy language. */
  trustPolicy: string
  /** What its sessions may do, as such documents; nothing, where there are none. */
  identityPolicies?: readonly string[]
  /** Seconds that a session can last, 3600 to 43200; 3600 unless given. */
  maxSessionDuration?: number
}

/** A role whose policies are read. */
export interface KnownRole {
  arn: string
  /** Twelve digits. */
  accountId: string
  name: string
  trustPolicy: Policy
  identityPolicies: readonly Policy[]
  /** Seconds. */
  maxSessionDuration: number
}

const roleArn = /^arn:aws:iam::(\d{12}):role\/(?:[!-~]+\/)?([\w+=,.@-]{1,64})$/

/** The roles by their ARNs; throws, naming the role, if an ARN or a policy is wrong, or if a role is there twice. */
export function rolesOf (declared: readonly Role[]): ReadonlyMap<string, KnownRole> {
  const roles = new Map(declared.map((role) => [role.arn, knownRole(role)]))
  if (roles.size < declared.length) throw new Error('Two roles have the same ARN')
  return roles
}

function knownRole ({ arn, trustPolicy, identityPolicies = [], maxSessionDuration = usualDuration }: Role): KnownRole {
  const [, accountId, name] = roleArn.exec(arn) ?? []
  if (accountId === undefined || name === undefined) throw new Error(`The role ${arn} has no ARN of the form arn:aws:iam::ACCOUNT:role/NAME`)
  if (!Number.isInteger(maxSessionDuration) || maxSessionDuration < usualDuration || maxSessionDuration > 43_200) {
    throw new Error(`The role ${arn} must have a maximum session duration of 3600 to 43200 seconds`)
  }
  const read = (text: string, kind: PolicyKind, what: string): Policy => {
    try {
      return parsePolicy(text, kind)
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
