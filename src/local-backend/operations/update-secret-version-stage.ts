import type { UpdateSecretVersionStageCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { findChangeableSecret } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { current, detachLabel, moveLabels } from '#src/local-backend/rules/staging-labels'
import { hasVersion } from '#src/local-backend/store/empty-versions'
import { updateSecret } from '#src/local-backend/store/secrets'
import { versionWithLabel } from '#src/local-backend/store/staging-labels'
import { findVersion } from '#src/local-backend/store/versions'

/**
 * Moves a staging label to a version, or removes the label from its version. If a version loses the label, the request must name
 * that version.
 *
 * @throws AwsError `InvalidParameterException` if the request does not name that version, or names a version without the label
 */
export function updateSecretVersionStage (
  input: Input<'UpdateSecretVersionStage'>, context: CallContext
): WireForm<UpdateSecretVersionStageCommandOutput> {
  const { VersionStage: stage, MoveToVersionId: to, RemoveFromVersionId: from } = input
  const { store, now } = context
  const secret = findChangeableSecret(context, input.SecretId)
  if (to !== undefined && findVersion(store, secret, to) === undefined) throw errors.versionNotFound(to)
  if (from !== undefined && !hasVersion(store, secret, from)) throw errors.versionNotFound(from)

  const holder = versionWithLabel(store, secret, stage)
  if (from !== undefined && from !== holder) throw errors.labelNotOnRemovedFrom(stage, from)
  if (to === undefined) {
    if (from === undefined) throw errors.noVersionToMoveTo()
    if (stage === current) throw errors.currentNotRemovable()
    detachLabel(store, secret, stage)
  } else {
    if (holder !== undefined && holder !== to && from === undefined) throw errors.removeFromMissing(stage, holder)
    moveLabels(store, secret, [stage], to)
  }
  updateSecret(store, secret, now)
  return { ARN: secret.arn, Name: secret.name }
}
