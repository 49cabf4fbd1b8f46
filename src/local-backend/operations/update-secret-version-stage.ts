import type { UpdateSecretVersionStageCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '../protocol/errors.ts'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import { findChangeableSecret } from '../rules/changeable-secret.ts'
import type { CallContext } from '../rules/context.ts'
import { current, dropLabel, moveLabels } from '../rules/staging-labels.ts'
import { hasVersion } from '../store/empty-versions.ts'
import { updateSecret } from '../store/secrets.ts'
import { versionWithLabel } from '../store/staging-labels.ts'
import { findVersion } from '../store/versions.ts'

/**
 * Moves a label to a version, or takes it off one. A label that is on a version already moves only from there: the caller
 * has to name that version, and is refused with InvalidParameterException where it is another by then.
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
    dropLabel(store, secret, stage)
  } else {
    if (holder !== undefined && holder !== to && from === undefined) throw errors.removeFromMissing(stage, holder)
    moveLabels(store, secret, [stage], to)
  }
  updateSecret(store, secret, now)
  return { ARN: secret.arn, Name: secret.name }
}
