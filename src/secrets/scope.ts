import type { Action } from '#src/authorization/actions'
import type { SecretsManager } from '#src/aws/types'
import type { Environment } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'

/** What every use case works in: an environment, through a credential, for a caller. */
export interface Scope {
  readonly environment: Environment
  readonly credentialId: string
  /** AWS, or what stands for it, with this credential and in the environment's region. Fails with a `Problem`. */
  readonly aws: SecretsManager
  /** Whether the caller may do this to a secret of the environment. */
  readonly may: (action: Action, name: SecretName) => boolean
  readonly callerId: string
  /** The request's `Idempotency-Key`. */
  readonly idempotencyKey?: string
}

/** @throws Problem `forbidden` where the caller may not do this to the secret. */
export function assertMay (scope: Scope, action: Action, name: SecretName): void {
  if (!scope.may(action, name)) throw new Problem('forbidden')
}
