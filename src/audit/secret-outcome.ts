import type { Action } from '#src/authorization/actions'
import type { Decision } from '#src/authorization/decision'
import type { Problem } from '#src/problems/problem'
import type { CacheUse } from './cache-use.ts'

/** The outcome for one secret of a request that covers several. */
export interface SecretOutcome {
  /** The secret's environment, and the AWS credential used for it. Absent if they are the request's own. */
  readonly environment?: string
  readonly credential?: string
  readonly name: string
  /** The action on this secret, if it differs from the route's action. */
  readonly action?: Action
  readonly result?: string
  readonly versionId?: string
  /** Present if the outcome comes from the cache. */
  readonly cache?: CacheUse
  readonly problem?: Problem
}

/** A decision about a single secret, or about an environment other than the one in the request's path. */
export interface SecretDecision extends Decision {
  /** The environment that the decision is about. Absent if it is the one in the request's path. */
  readonly environment?: string
  readonly action: Action
  /** Absent if the decision is about the environment as a whole. */
  readonly name?: string
  /** If the decision is about a replica, the name of the replicated secret, which is in the environment in the request's path. */
  readonly replicaOf?: string
}
