import type { RotateSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '../protocol/errors.ts'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import { findPrimarySecret } from '../rules/changeable-secret.ts'
import type { CallContext } from '../rules/context.ts'
import { addVersion } from '../rules/new-version.ts'
import { beginRotation, isUnderWay } from '../rules/rotation-attempt.ts'
import { readRotationRules } from '../rules/rotation-schedule.ts'
import { nextWindow } from '../rules/rotation.ts'
import { readValue } from '../rules/secret-value.ts'
import { current, pending } from '../rules/staging-labels.ts'
import { hasVersion } from '../store/empty-versions.ts'
import { beginAttempt } from '../store/rotation-attempts.ts'
import { findRotation, storeRotation, type RotationRules } from '../store/rotations.ts'
import { updateSecret, type Secret } from '../store/secrets.ts'
import { versionWithLabel } from '../store/staging-labels.ts'
import { findVersion } from '../store/versions.ts'

const noRules: RotationRules = { afterDays: null, expression: null, duration: null }

/**
 * Sets what is given of how a secret is rotated, and begins a rotation, which goes on after the answer; with `RotateImmediately`
 * false only a test of the function. The same request again, known by its token, changes nothing.
 *
 * While another rotation isn't complete it is refused, as AWS refuses it, and that one is attempted again.
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
  // An empty name is none.
  const functionArn = input.RotationLambdaARN === '' ? before?.functionArn : input.RotationLambdaARN ?? before?.functionArn
  if (functionArn === undefined) throw errors.noRotationFunction()
  rotations.wake(secret)
  if (isUnderWay(store, secret, Date.now())) throw errors.rotationIncomplete()
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

/** Begins a test of the function, on a version that holds the current value; a secret without one has nothing to test with. */
function beginTest (context: CallContext, secret: Secret, token: string): void {
  const { store, now } = context
  const versionId = versionWithLabel(store, secret, current)
  const version = versionId === undefined ? undefined : findVersion(store, secret, versionId)
  if (version === undefined) return
  addVersion(context, secret, token, readValue(context, secret, version), [pending])
  beginAttempt(store, secret, token, true, now)
}
