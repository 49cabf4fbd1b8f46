import { limits } from '#src/aws-model/limits'
import { errors } from '#src/aws-protocol/errors'
import type { Secret } from '#src/local-backend/store/secrets'
import { deleteUnlabelledVersions, findVersion, type SecretValue } from '#src/local-backend/store/versions'
import type { OperationContext } from './context.ts'
import { storeValue } from './data-key.ts'
import { day } from './day.ts'
import { reschedule } from './rotation.ts'
import { readValue, sameValue } from './secret-value.ts'
import { current, moveLabels } from './staging-labels.ts'

/**
 * Returns a request's `ClientRequestToken`, which SDKs fill in automatically. Like AWS, operations check it before they look up
 * the secret.
 *
 * @throws AwsError `InvalidRequestException` if the token is missing
 */
export function requireToken ({ ClientRequestToken }: { ClientRequestToken?: string }): string {
  if (ClientRequestToken === undefined) throw errors.clientRequestTokenMissing()
  return ClientRequestToken
}

/**
 * Returns true if a request repeats an earlier request. In that case, the secret already has a version whose ID is the request's
 * token, and that version has the same value as the request.
 *
 * @throws AwsError `ResourceExistsException` if the version with this ID has a different value
 */
export function isRepeated (context: OperationContext, secret: Secret, token: string, value: SecretValue): boolean {
  const version = findVersion(context.store, secret, token)
  if (version === undefined) return false
  if (!sameValue(readValue(context, secret, version), value)) throw errors.clientRequestTokenInUse(token, secret.arn)
  return true
}

/**
 * Adds a version whose ID is the request's token, and moves labels to it. Deletes the versions that AWS would no longer keep. If
 * `stages` contains AWSCURRENT, also reschedules the secret's rotation.
 */
export function addVersion (
  context: OperationContext, secret: Secret, token: string, value: SecretValue, stages: readonly string[]
): void {
  const { store, now } = context
  storeValue(context, secret, token, value, now)
  moveLabels(store, secret, stages, token)
  if (stages.includes(current)) reschedule(store, secret, now)
  deleteUnlabelledVersions(store, secret, limits.versionsWithoutLabel.kept, now - limits.versionsWithoutLabel.keptForDays * day)
}
