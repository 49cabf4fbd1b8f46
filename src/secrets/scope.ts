import type { Action } from '../authorization/actions.ts'
import type { SecretsManager } from '../aws/types.ts'
import type { Environment } from '../environments/environment.ts'
import { Problem } from '../errors.ts'
import type { SecretName } from '../environments/names.ts'

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
