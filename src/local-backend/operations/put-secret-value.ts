import type { PutSecretValueCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '../protocol/errors.ts'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import { findChangeableSecret } from '../rules/changeable-secret.ts'
import type { CallContext } from '../rules/context.ts'
import { addVersion, isRepeated, requireToken } from '../rules/new-version.ts'
import { valueIn } from '../rules/secret-value.ts'
import { current } from '../rules/staging-labels.ts'
import { updateSecret } from '../store/secrets.ts'
import { labelsOf } from '../store/staging-labels.ts'

/** Adds a version and moves labels to it: those that are given, or AWSCURRENT. The same request again changes nothing. */
export function putSecretValue (input: Input<'PutSecretValue'>, context: CallContext): WireForm<PutSecretValueCommandOutput> {
  const token = requireToken(input)
  const value = valueIn(input)
  if (value === undefined) throw errors.noValue()
  const secret = findChangeableSecret(context, input.SecretId)
  if (!isRepeated(context, secret, token, value)) {
    addVersion(context, secret, token, value, input.VersionStages ?? [current])
    updateSecret(context.store, secret, context.now)
  }
  return { ARN: secret.arn, Name: secret.name, VersionId: token, VersionStages: labelsOf(context.store, secret, token) }
}
