import type { RestoreSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { checkChangeable } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { findSecret } from '#src/local-backend/rules/secret-id'
import { updateSecret } from '#src/local-backend/store/secrets'

/** Cancels a secret's scheduled deletion, if there is one. */
export function restoreSecret ({ SecretId }: Input<'RestoreSecret'>, context: CallContext): WireForm<RestoreSecretCommandOutput> {
  const secret = findSecret(context, SecretId)
  checkChangeable(context, secret)
  if (secret.purgeAt !== null) updateSecret(context.store, { ...secret, deletedAt: null, purgeAt: null }, context.now)
  return { ARN: secret.arn, Name: secret.name }
}
