import type { Caller } from '../authentication/caller.ts'
import type { Action } from './actions.ts'

/** Everything that a decision may depend on. */
export interface Question {
  readonly caller: Caller
  readonly action: Action
  readonly environment: string
  /** The secret's name inside the environment; absent for an action on no single secret. */
  readonly name?: string
  readonly credentialId: string
}

/** The one function that decides; pure, so that an answer depends on the question alone. */
export type Authorize = (question: Question) => boolean
