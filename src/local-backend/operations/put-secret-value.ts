import type { PutSecretValueCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { findChangeableSecret } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { addVersion, isRepeated, requireToken } from '#src/local-backend/rules/new-version'
import { valueIn } from '#src/local-backend/rules/secret-value'
import { current } from '#src/local-backend/rules/staging-labels'
import { updateSecret } from '#src/local-backend/store/secrets'
import { labelsOf } from '#src/local-backend/store/staging-labels'

/**
 * Adds a version and moves staging labels to it, AWSCURRENT by default. Repeating a request with the same token changes nothing.
 */
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
