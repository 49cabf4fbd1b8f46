import { matches, type ConditionContext } from './pattern.ts'
import type { Patterns, Policy, Statement } from './policy.ts'
import { meant, type Requester } from './principals.ts'

/** A request as policies see it. */
export interface PolicyRequest {
  requester: Requester
  /** With the service's prefix: `secretsmanager:GetSecretValue`. */
  action: string
  /** The ARN of what it is about, or `*` for an action that has no resource. */
  resource: string
  context: ConditionContext
}

/**
 * What policies say of a request. `Delegate` is a resource's word for the requester's whole account: within the account that
 * owns the resource it gives nothing that the requester's own policies don't give.
 */
export type Finding = 'Deny' | 'Allow' | 'Delegate' | 'Nothing'

/** What several policies of one kind say of a request together: a statement that denies always wins. */
export function findingOf (policies: readonly Policy[], request: PolicyRequest): Finding {
  const findings = new Set(policies.flatMap(({ statements }) => statements.map((statement) => statementSays(statement, request))))
  return (['Deny', 'Allow', 'Delegate'] as const).find((finding) => findings.has(finding)) ?? 'Nothing'
}

function statementSays (statement: Statement, request: PolicyRequest): Finding {
  const { requester, action, resource, context } = request
  const how = statement.principal === undefined ? 'by-name' : meant(statement.principal, requester)
  const applies = how !== undefined &&
    among(statement.action, action.toLowerCase(), context) &&
    among(statement.resource, resource, context) &&
    statement.conditions.every(({ key, holds }) => holds(context.get(key), context))
  if (!applies) return 'Nothing'
  return statement.effect === 'Allow' && how === 'by-account' ? 'Delegate' : statement.effect
}

function among ({ negated, patterns }: Patterns, text: string, context: ConditionContext): boolean {
  return patterns.some((pattern) => matches(pattern, text, context)) !== negated
}

/** Who has a word in a request. */
export interface Parties {
  identityPolicies: readonly Policy[]
  /** The most that the requester may do, where it is a session that is held to less than its role. */
  sessionPolicy?: Policy | undefined
  /** That of the resource, where it has one. */
  resourcePolicy: Policy | undefined
  /** Whether the resource is of the requester's own account. */
  sameAccount: boolean
}

/** Why a request is refused. */
export type Refusal =
  | 'denied-by-identity' | 'denied-by-session' | 'denied-by-resource'
  | 'not-allowed-by-identity' | 'not-allowed-by-session' | 'not-allowed-by-resource'

/**
 * Decides a request; undefined allows it. Nothing may deny it; within one account either side must allow it, and between two
 * accounts both must. A session's own policy must allow it, whoever else does.
 */
export function refusalOf (parties: Parties, request: PolicyRequest): Refusal | undefined {
  const { identityPolicies, sessionPolicy, resourcePolicy, sameAccount } = parties
  const identity = findingOf(identityPolicies, request)
  const session = sessionPolicy === undefined ? 'Allow' : findingOf([sessionPolicy], request)
  const resource = findingOf(resourcePolicy === undefined ? [] : [resourcePolicy], request)
  if (identity === 'Deny') return 'denied-by-identity'
  if (session === 'Deny') return 'denied-by-session'
  if (resource === 'Deny') return 'denied-by-resource'
  if (identity !== 'Allow' && !(sameAccount && resource === 'Allow')) return 'not-allowed-by-identity'
  if (session !== 'Allow') return 'not-allowed-by-session'
  if (sameAccount) return undefined
  return resource === 'Nothing' ? 'not-allowed-by-resource' : undefined
}
