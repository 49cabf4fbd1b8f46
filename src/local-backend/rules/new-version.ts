import { type OperationContext } from './context.ts'
import { errors } from '../protocol/errors.ts'
import { type Secret } from '../store/secrets.ts'
import { moveLabels } from '../store/staging-labels.ts'
import { deleteOutdatedVersions, findVersion, insertVersion, readValue, type SecretValue } from '../store/versions.ts'
import { sameValue } from './secret-value.ts'

/**
 * Gives a request's `ClientRequestToken`. SDKs fill it in; where it is absent AWS answers InvalidRequestException, before it
 * looks for the secret.
 */
export function requireToken ({ ClientRequestToken }: { ClientRequestToken?: string }): string {
  if (ClientRequestToken === undefined) throw errors.clientRequestTokenMissing()
  return ClientRequestToken
}

/**
 * Whether a request has been carried out before: its token is the ID of a version with the same value. Throws
 * ResourceExistsException if that version's value is another.
 */
export function isRepeated ({ store }: OperationContext, secret: Secret, token: string, value: SecretValue): boolean {
  const version = findVersion(store, secret, token)
  if (version === undefined) return false
  if (!sameValue(readValue(store, secret, version), value)) throw errors.clientRequestTokenInUse(token, secret.arn)
  return true
}

/** Adds a version under the request's token, moves labels to it, and lets go of versions that AWS would no longer keep. */
export function addVersion (
  { store, now }: OperationContext, secret: Secret, token: string, value: SecretValue, stages: readonly string[]
): void {
  insertVersion(store, secret, token, value, now)
  moveLabels(store, secret, stages, token)
  deleteOutdatedVersions(store, secret, now)
}
