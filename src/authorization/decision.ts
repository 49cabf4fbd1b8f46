import type { Caller } from '#src/authentication/caller'
import type { Action } from './actions.ts'

/**
 * An authorization question, with everything that a decision can depend on. If `name` is set, the resource is the secret.
 * Otherwise, if `environment` is set, the resource is the environment. Otherwise, the resource is the AWS credential.
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

/** The policies' answer to a question. */
export interface Decision {
  readonly allowed: boolean
  /**
   * The sorted IDs of the policies that determined the decision. If the action is allowed, these are the policies that permit it.
   * If it is denied, these are the policies that forbid it or could not be evaluated. The list is empty if the only reason for a
   * denial is that no policy permits the action.
   */
  readonly policies: readonly string[]
}

/** Answers an authorization question. The decision depends only on the question. */
export type Authorize = (question: Question) => Decision

/** A denial that no particular policy determined. */
export const denied: Decision = { allowed: false, policies: [] }
