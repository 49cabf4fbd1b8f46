import type { Condition } from './conditions.ts'
import type { Pattern } from './pattern.ts'
import type { PrincipalElement } from './principals.ts'

/** A parsed policy document in AWS's policy language. */
export interface Policy {
  statements: readonly Statement[]
}

/** A statement of a policy. It applies to a request if all of its elements match. */
export interface Statement {
  effect: 'Allow' | 'Deny'
  /** The principals that a resource or trust policy applies to; undefined in an identity policy. */
  principal: PrincipalElement | undefined
  /** The patterns of actions. They are in lower case, because actions are case-insensitive. */
  action: Patterns
  resource: Patterns
  conditions: readonly Condition[]
}

/** The patterns of an element. At least one must match. If the element is negated, as in `NotAction`, none may match. */
export interface Patterns {
  negated: boolean
  patterns: readonly Pattern[]
}
