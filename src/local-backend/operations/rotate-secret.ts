import type { RotateSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { authorizeFunction } from '#src/local-backend/rules/authorization'
import { findPrimarySecret } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { addVersion } from '#src/local-backend/rules/new-version'
import { nextWindow } from '#src/local-backend/rules/rotation'
import { beginRotation, isRotationIncomplete } from '#src/local-backend/rules/rotation-attempt'
import { readRotationRules } from '#src/local-backend/rules/rotation-schedule'
import { readValue } from '#src/local-backend/rules/secret-value'
import { current, pending } from '#src/local-backend/rules/staging-labels'
import { hasVersion } from '#src/local-backend/store/empty-versions'
import { beginAttempt } from '#src/local-backend/store/rotation-attempts'
import { findRotation, storeRotation, type RotationRules } from '#src/local-backend/store/rotations'
import { updateSecret, type Secret } from '#src/local-backend/store/secrets'
import { versionWithLabel } from '#src/local-backend/store/staging-labels'
import { findVersion } from '#src/local-backend/store/versions'

const noRules: RotationRules = { afterDays: null, expression: null, duration: null }

/**
 * Configures a secret's rotation and starts a rotation, which continues after the reply. With `RotateImmediately: false`, tests
 * the rotation function instead. Repeating a request with the same token changes nothing.
 *
 * @throws AwsError `InvalidRequestException` if another rotation is incomplete. As in AWS, the rejected request still causes a
 * retry of that rotation.
 */
export function rotateSecret (input: Input<'RotateSecret'>, context: CallContext): WireForm<RotateSecretCommandOutput> {
  const { ClientRequestToken: token, RotationRules: given, RotateImmediately = true } = input
  const { store, now, rotations } = context
  if (token === undefined) throw errors.rotationTokenMissing()
  if (input.ExternalSecretRotationMetadata ?? input.ExternalSecretRotationRoleArn) throw errors.externalRotationNotOffered()
  const rules = given && readRotationRules(given)
  const secret = findPrimarySecret(context, input.SecretId)
  const output = { ARN: secret.arn, Name: secret.name, VersionId: token }
  if (hasVersion(store, secret, token)) return output

  const before = findRotation(store, secret)
  // An empty ARN counts as missing.
  const functionArn = input.RotationLambdaARN === '' ? before?.functionArn : input.RotationLambdaARN ?? before?.functionArn
  if (functionArn === undefined) throw errors.noRotationFunction()
  authorizeFunction(context, functionArn)
  rotations.wake(secret)
  if (isRotationIncomplete(store, secret, Date.now())) throw errors.rotationIncomplete()
  if (!rotations.isInvokable(functionArn)) throw errors.functionNotInvokable()

  const setAt = rules === undefined ? before?.setAt ?? now : now
  const kept = rules ?? before ?? noRules
  storeRotation(store, secret, {
    ...kept, functionArn, enabled: 1, setAt, rotatedAt: before?.rotatedAt ?? null, ...nextWindow(kept, setAt, now)
  })
  if (RotateImmediately) beginRotation(store, secret, token, now)
  else beginTest(context, secret, token)
  updateSecret(store, secret, now)
  return output
}

/**
 * Starts a test of the rotation function, using a new version that contains a copy of the current value. Does nothing if the
 * secret has no value. The service copies the value, so that the caller needs no permission for the KMS key.
 */
function beginTest ({ caller: _, ...context }: CallContext, secret: Secret, token: string): void {
  const { store, now } = context
  const versionId = versionWithLabel(store, secret, current)
  const version = versionId === undefined ? undefined : findVersion(store, secret, versionId)
  if (version === undefined) return
  addVersion(context, secret, token, readValue(context, secret, version), [pending])
  beginAttempt(store, secret, token, true, now)
}
