import type { Action } from '#src/authorization/actions'
import type { AwsCall } from '#src/aws/call'
import type { SecretsPort } from '#src/aws/port'
import type { AnyName, SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'

/** The context of an operation on secrets and of the AWS calls that it makes: an environment, a credential and a caller. */
export interface Scope extends AwsCall {
  readonly callerId: string
  readonly aws: SecretsPort
  /** Returns true if the caller may perform the action on a secret of the environment. */
  readonly may: (action: Action, name: AnyName) => boolean
  /**
   * Does the same as `may` for a secret that AWS listed and the request does not name. There may be any number of such secrets,
   * so the audit trail names only some of the denied ones.
   */
  readonly mayFound: (action: Action, name: AnyName) => boolean
  /** Returns the secrets of other environments that have the same name in AWS. These are in other regions of the account. */
  readonly counterparts: (name: SecretName) => readonly Counterpart[]
  /** The request's `Idempotency-Key`. */
  readonly idempotencyKey?: string
  /**
   * The key from which the IDs of versions are derived if the request has no `Idempotency-Key`. No earlier request has used it,
   * so existing versions never count as this request's own.
   */
  readonly versionKey?: string
}

/** A secret with the same name in AWS, but in another region and in another environment. It may not exist. */
export interface Counterpart {
  readonly region: string
  /** True if the other environment refuses deletion without a recovery window. */
  readonly deletionProtection: boolean
  /** Returns true if the caller may see the other environment and perform the action on the secret in it. */
  readonly may: (action: Action) => boolean
}

/** Checks the caller's permission. @throws Problem `forbidden` if the caller may not perform the action on the secret */
export function assertMay (scope: Scope, action: Action, name: SecretName): void {
  if (!scope.may(action, name)) throw new Problem('forbidden')
}

/**
 * Returns true if the caller may learn an existing secret's ARN and the ID of its current version. The permissions to read the
 * secret's metadata and its value both include this. A permission to write does not.
 */
export const seesSecret = (scope: Scope, name: SecretName): boolean =>
  scope.may('DescribeSecret', name) || scope.may('GetSecretValue', name)

/**
 * Returns the scope for work on many secrets. AWS calls in this scope yield to other requests' calls. If AWS throttles a call in
 * this scope, the call is retried many times.
 *
 * @param signal when it is aborted, these retries end
 */
export const inBackground = (scope: Scope, signal: AbortSignal): Scope => ({ ...scope, background: signal })
