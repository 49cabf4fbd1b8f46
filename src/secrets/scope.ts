import { createHash } from 'node:crypto'
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

/**
 * AWS's `ClientRequestToken` for a write, the same for the same key, caller, environment and secret, so that AWS itself makes a
 * repeated write harmless. In the form of a UUID (version 8, RFC 9562), since it becomes the version's ID.
 *
 * @returns nothing without an `Idempotency-Key`: the SDK then makes up a token for each call
 */
export function clientRequestToken (scope: Scope, name: SecretName): { ClientRequestToken?: string } {
  if (scope.idempotencyKey === undefined) return {}
  const parts = [scope.idempotencyKey, scope.callerId, scope.environment.name, name]
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  const variant = '89ab'[parseInt(hex.charAt(16), 16) % 4] ?? ''
  const ClientRequestToken = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
  return { ClientRequestToken }
}
