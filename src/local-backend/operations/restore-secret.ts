import type { RestoreSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import { checkChangeable } from '../rules/changeable-secret.ts'
import type { CallContext } from '../rules/context.ts'
import { findSecret } from '../rules/secret-id.ts'
import { updateSecret } from '../store/secrets.ts'

/** Takes back a scheduled deletion; a secret that isn't scheduled for deletion stays as it is. */
export function restoreSecret ({ SecretId }: Input<'RestoreSecret'>, context: CallContext): WireForm<RestoreSecretCommandOutput> {
  const secret = findSecret(context, SecretId)
  checkChangeable(context, secret)
  if (secret.purgeAt !== null) updateSecret(context.store, { ...secret, deletedAt: null, purgeAt: null }, context.now)
  return { ARN: secret.arn, Name: secret.name }
}
