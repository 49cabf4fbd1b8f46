import type { Caller } from '#src/authentication/caller'
import type { Action } from './actions.ts'

/**
 * A question to the policies, with everything that a decision may depend on. The resource is the secret if `name` is set; else
 * the environment, if it is set; else the AWS credential.
 */
export interface Question {
  readonly caller: Caller
  readonly action: Action
  /** The ID of the AWS credential that the request uses. */
  readonly credentialId: string
  readonly environment?: string
  /** The secret's name, without the environment's prefix. */
  readonly name?: string
}

/** The answer of the policies. */
export interface Decision {
  readonly allowed: boolean
  /**
   * The sorted IDs of the policies that determined the decision. If allowed: those that permit it. If denied: those that forbid
   * it or could not be evaluated; empty if no policy permits it.
   */
  readonly policies: readonly string[]
}

/** Decides on a question. The decision depends on nothing else. */
export type Authorize = (question: Question) => Decision

/** A denial that no policy determined. */
export const denied: Decision = { allowed: false, policies: [] }
