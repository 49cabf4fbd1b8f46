import type { CancelRotateSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { findPrimarySecret } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { endTest } from '#src/local-backend/rules/rotation-attempt'
import { pendingVersion } from '#src/local-backend/rules/staging-labels'
import { endAttempt, findAttempt } from '#src/local-backend/store/rotation-attempts'
import { findRotation, storeRotation } from '#src/local-backend/store/rotations'
import { updateSecret } from '#src/local-backend/store/secrets'

/**
 * Turns rotation off, but keeps the function and the rules. A rotation in progress is aborted. Its version keeps the label
 * AWSPENDING, and the reply contains the ID of that version. A test of the function is aborted as well, and the test's
 * version is deleted.
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
