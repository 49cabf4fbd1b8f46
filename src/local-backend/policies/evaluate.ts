import { matches, type ConditionContext } from './pattern.ts'
import type { Patterns, Policy, Statement } from './policy.ts'
import { matchPrincipal, type Requester } from './principals.ts'

/** The properties of a request that policies are evaluated against. */
export interface PolicyRequest {
  requester: Requester
  /** The action with its service prefix, such as `secretsmanager:GetSecretValue`. */
  action: string
  /** The ARN of the resource, or `*` for an action without one. */
  resource: string
  context: ConditionContext
}

/**
 * The effect of policies on a request: `Deny` if a statement denies it, `Allow` if a statement allows it, or `Nothing` if no
 * statement applies. `Delegate` means that a resource policy allows the requester's account, but does not name the requester. In
 * that case, the requester's identity policies decide.
 */
export type Finding = 'Deny' | 'Allow' | 'Delegate' | 'Nothing'

/** Returns the combined effect of several policies of one kind. An explicit deny always wins. */
export function findingOf (policies: readonly Policy[], request: PolicyRequest): Finding {
  const findings = new Set(policies.flatMap(({ statements }) => statements.map((statement) => effectOf(statement, request))))
  return (['Deny', 'Allow', 'Delegate'] as const).find((finding) => findings.has(finding)) ?? 'Nothing'
}

function effectOf (statement: Statement, request: PolicyRequest): Finding {
  const { requester, action, resource, context } = request
  const how = statement.principal === undefined ? 'by-name' : matchPrincipal(statement.principal, requester)
  const applies = how !== undefined &&
    matchesAny(statement.action, action.toLowerCase(), context) &&
    matchesAny(statement.resource, resource, context) &&
    statement.conditions.every(({ key, holds }) => holds(context.get(key), context))
  if (!applies) return 'Nothing'
  return statement.effect === 'Allow' && how === 'by-account' ? 'Delegate' : statement.effect
}

function matchesAny ({ negated, patterns }: Patterns, text: string, context: ConditionContext): boolean {
  return patterns.some((pattern) => matches(pattern, text, context)) !== negated
}

/** The policies that determine whether a request is allowed. */
export interface Parties {
  identityPolicies: readonly Policy[]
  /**
   * The session policy, which limits the requester's permissions; undefined if the requester isn't a session or the session has
   * no policy.
   */
  sessionPolicy?: Policy | undefined
  /** The resource's policy; undefined if the resource has none. */
  resourcePolicy: Policy | undefined
  /** True if the resource belongs to the requester's account. */
  sameAccount: boolean
}

/**
 * The reason for denying a request: `denied-by-…` if a policy of the named kind explicitly denies it, or `not-allowed-by-…` if no
 * policy of that kind allows it.
 */
export type Refusal =
  | 'denied-by-identity' | 'denied-by-session' | 'denied-by-resource'
  | 'not-allowed-by-identity' | 'not-allowed-by-session' | 'not-allowed-by-resource'

/**
 * Returns the reason to deny a request; undefined if it is allowed. An explicit deny in any policy always wins. Within one
 * account, the identity policies or the resource policy must allow the request. Across accounts, both must allow it. If there is
 * a session policy, it must allow the request as well.
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
