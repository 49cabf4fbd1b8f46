import type { Condition } from './conditions.ts'
import type { Pattern } from './pattern.ts'
import type { PrincipalElement } from './principals.ts'

/** A parsed and well-formed policy document in AWS's policy language. */
export interface Policy {
  statements: readonly Statement[]
}

/** A statement of a policy. It applies to a request if all of its elements match. */
export interface Statement {
  effect: 'Allow' | 'Deny'
  /** The principals that a resource policy applies to; undefined in an identity policy. */
  principal: PrincipalElement | undefined
  /** In lower case, as actions are case-insensitive. */
  action: Patterns
  resource: Patterns
  conditions: readonly Condition[]
}

/** Patterns of which at least one must match or, for a `Not…` element, none. */
export interface Patterns {
  negated: boolean
  patterns: readonly Pattern[]
}
