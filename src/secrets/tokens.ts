import { createHash } from 'node:crypto'
import type { SecretName } from '#src/environments/names'
import type { Scope } from './scope.ts'

/**
 * Returns the ID of the version that a write creates. It is a UUID (version 8, RFC 9562), derived from the `Idempotency-Key`, the
 * caller, the environment and the secret. A repeated write has the same ID, so AWS recognizes it and creates no second version.
 *
 * @returns undefined if there is neither an `Idempotency-Key` nor a `versionKey`. The SDK then generates an ID for each call.
 */
export function newVersionId (
  { idempotencyKey, versionKey, callerId, environment }: Scope, name: SecretName
): string | undefined {
  const key = idempotencyKey ?? versionKey
  if (key === undefined) return undefined
  const hex = createHash('sha256').update(JSON.stringify([key, callerId, environment.name, name])).digest('hex')
  const variant = '89ab'[parseInt(hex.charAt(16), 16) % 4] ?? ''
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Returns the ID of the version that a request creates if it updates an existing secret; see `newVersionId`. */
export const updatedVersionId = (scope: Scope, name: SecretName): string | undefined => newVersionId(forPurpose(scope, 'update'), name)

/**
 * Returns a scope whose version IDs differ from those of other purposes (domain separation):
 * - `update` distinguishes updates from creations. The ID of a version then shows whether an earlier run created or updated the
 *   secret.
 * - `generate` and `rotation` distinguish values that the caller does not know from values in requests. AWS reveals whether two
 *   writes with the same ID have the same value, so a caller could otherwise check guesses at a generated value.
 * - `promotion` distinguishes copied values from values in requests, for the same reason.
 *
 * The purpose is appended to the `Idempotency-Key` after a space. No key in a request contains a space, so the extended key never
 * equals the key of another request.
 */
export function forPurpose (scope: Scope, purpose: 'update' | 'generate' | 'rotation' | 'promotion'): Scope {
  const { idempotencyKey, versionKey } = scope
  if (idempotencyKey !== undefined) return { ...scope, idempotencyKey: `${idempotencyKey} ${purpose}` }
  return versionKey === undefined ? scope : { ...scope, versionKey: `${versionKey} ${purpose}` }
}

/**
 * Returns the write of an earlier run of the same request, or undefined if there was none. The write is recognized by the ID of
 * the version it created.
 *
 * @param isOurs returns true if the secret still has the version with the given ID. It may also require that the version has
 * certain staging labels.
 */
export function earlierRun (
  scope: Scope, name: SecretName, isOurs: (versionId: string) => boolean
): { result: 'created' | 'updated', versionId: string } | undefined {
  const candidates = [['created', newVersionId(scope, name)], ['updated', updatedVersionId(scope, name)]] as const
  for (const [result, versionId] of candidates) {
    if (versionId !== undefined && isOurs(versionId)) return { result, versionId }
  }
  return undefined
}
