import type { Caller } from '#src/authentication/caller'
import type { Action } from './actions.ts'

/**
 * Everything that a decision may depend on. What is asked about is the secret that is named, else the environment, else the AWS
 * credential.
 */
export interface Question {
  readonly caller: Caller
  readonly action: Action
  /** The ID of the AWS credential to be used. */
  readonly credentialId: string
  readonly environment?: string
  /** The secret's name inside the environment. */
  readonly name?: string
}

export interface Decision {
  readonly allowed: boolean
  /**
   * The IDs of the policies that made it, sorted: those that permit where it is allowed; where it is denied, those that forbid or
   * that could not be evaluated, and none where nothing permits it.
   */
  readonly policies: readonly string[]
}

/** The one function that decides; pure, so that an answer depends on the question alone. */
export type Authorize = (question: Question) => Decision

/** What is not asked of any policy, since the answer is no in any case. */
export const denied: Decision = { allowed: false, policies: [] }
