import type { Condition } from './conditions.ts'
import type { Pattern } from './pattern.ts'
import type { PrincipalElement } from './principals.ts'

/** A policy document in AWS's policy language, read and found well-formed. */
export interface Policy {
  statements: readonly Statement[]
}

/** One statement. It applies to a request where each of its elements matches. */
export interface Statement {
  effect: 'Allow' | 'Deny'
  /** Whom a resource's policy is about; an identity's policy is about that identity. */
  principal: PrincipalElement | undefined
  /** In lower case: actions are compared without regard to case. */
  action: Patterns
  resource: Patterns
  conditions: readonly Condition[]
}

/** What one of several patterns must match, or with `Not…` none of them. */
export interface Patterns {
  negated: boolean
  patterns: readonly Pattern[]
}
