import { createHash } from 'node:crypto'
import type { SecretName } from '#src/environments/names'
import type { Scope } from './scope.ts'

/**
 * AWS's `ClientRequestToken` for a write, the same for the same key, caller, environment and secret, so that AWS itself makes a
 * repeated write harmless. In the form of a UUID (version 8, RFC 9562), since it becomes the version's ID.
 *
 * @returns nothing without an `Idempotency-Key`: the SDK then makes up a token for each call
 */
export function clientRequestToken (scope: Scope, name: SecretName): { ClientRequestToken?: string } {
  const ClientRequestToken = createToken(scope, name)
  return ClientRequestToken === undefined ? {} : { ClientRequestToken }
}

/** The ID of the version that the request makes with a secret; known only with an `Idempotency-Key`. */
export function createToken ({ idempotencyKey, callerId, environment }: Scope, name: SecretName): string | undefined {
  if (idempotencyKey === undefined) return undefined
  const hex = createHash('sha256').update(JSON.stringify([idempotencyKey, callerId, environment.name, name])).digest('hex')
  const variant = '89ab'[parseInt(hex.charAt(16), 16) % 4] ?? ''
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** The ID of the version that the request makes of a secret that exists; known only with an `Idempotency-Key`. */
export const updateToken = (scope: Scope, name: SecretName): string | undefined => createToken(forPurpose(scope, 'update'), name)

/**
 * A scope whose versions have IDs of their own. For an `update`, so that it can be told from the secret whether a run has made it
 * or changed it. For a `promotion`, since of two writes with the same token AWS tells whether their values are the same, and so a
 * caller could guess at what it has copied. A blank is in no `Idempotency-Key`.
 */
export const forPurpose = (scope: Scope, purpose: 'update' | 'promotion'): Scope =>
  scope.idempotencyKey === undefined ? scope : { ...scope, idempotencyKey: `${scope.idempotencyKey} ${purpose}` }
