import type { Action } from '#src/authorization/actions'
import type { Decision } from '#src/authorization/decision'
import type { Problem } from '#src/problems/problem'

/** The outcome for one secret of a request on several. */
export interface SecretOutcome {
  /** The secret's environment and the credential that reached it, unless they are those of the request's path. */
  readonly environment?: string
  readonly credential?: string
  readonly name: string
  /** The action that was performed on it, unless it is the route's. */
  readonly action?: Action
  readonly result?: string
  readonly versionId?: string
  readonly problem?: Problem
}

/** A decision that a request needed on its way: on a secret, or on an environment that its path does not name. */
export interface SecretDecision extends Decision {
  /** Missing if it is the environment in the path. */
  readonly environment?: string
  readonly action: Action
  /** Missing if the decision is on the environment as a whole. */
  readonly name?: string
}
