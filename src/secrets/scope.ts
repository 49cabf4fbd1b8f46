import type { Action } from '#src/authorization/actions'
import type { AwsCall } from '#src/aws/call'
import type { SecretsPort } from '#src/aws/port'
import type { SecretName, UnaddressableName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'

/** The context of an operation on secrets and of the AWS calls that it makes: an environment, a credential and a caller. */
export interface Scope extends AwsCall {
  readonly callerId: string
  readonly aws: SecretsPort
  /** Returns true if the caller may perform the action on a secret of the environment. */
  readonly may: (action: Action, name: SecretName | UnaddressableName) => boolean
  /** The request's `Idempotency-Key`. */
  readonly idempotencyKey?: string
}

/** Checks the caller's permission. @throws Problem `forbidden` if the caller may not perform the action on the secret */
export function assertMay (scope: Scope, action: Action, name: SecretName): void {
  if (!scope.may(action, name)) throw new Problem('forbidden')
}

/**
 * Returns the scope for work on many secrets. AWS calls in this scope yield to those of other requests. If AWS throttles a call
 * in this scope, the call is retried many times.
 *
 * @param signal when it is aborted, these retries end
 */
export const inBackground = (scope: Scope, signal: AbortSignal): Scope => ({ ...scope, background: signal })
