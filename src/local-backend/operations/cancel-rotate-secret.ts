import type { CancelRotateSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '../protocol/errors.ts'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import { findPrimarySecret } from '../rules/changeable-secret.ts'
import type { CallContext } from '../rules/context.ts'
import { endTest } from '../rules/rotation-attempt.ts'
import { pendingVersion } from '../rules/staging-labels.ts'
import { endAttempt, findAttempt } from '../store/rotation-attempts.ts'
import { findRotation, storeRotation } from '../store/rotations.ts'
import { updateSecret } from '../store/secrets.ts'

/**
 * Turns rotation off; function and rules stay set. A rotation that is under way takes no further step, and its version stays
 * behind with the label AWSPENDING: that is the version in the answer.
 */
export function cancelRotateSecret (
  { SecretId }: Input<'CancelRotateSecret'>, context: CallContext
): WireForm<CancelRotateSecretCommandOutput> {
  const { store, now } = context
  const secret = findPrimarySecret(context, SecretId)
  const rotation = findRotation(store, secret)
  if (rotation === undefined) throw errors.noRotationFunction()

  const attempt = findAttempt(store, secret)
  if (attempt?.testOnly === 1) endTest(store, secret, attempt.versionId, now)
  endAttempt(store, secret)
  storeRotation(store, secret, { ...rotation, enabled: 0, opensAt: null, closesAt: null })
  updateSecret(store, secret, now)
  return { ARN: secret.arn, Name: secret.name, VersionId: pendingVersion(store, secret) }
}
