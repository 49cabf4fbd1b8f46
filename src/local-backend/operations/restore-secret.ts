import type { RestoreSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import type { OperationContext } from '../rules/context.ts'
import { findSecret } from '../rules/secret-id.ts'
import { updateSecret } from '../store/secrets.ts'

/** Takes back a scheduled deletion; a secret that isn't scheduled for deletion stays as it is. */
export function restoreSecret ({ SecretId }: Input<'RestoreSecret'>, context: OperationContext): WireForm<RestoreSecretCommandOutput> {
  const secret = findSecret(context, SecretId)
  if (secret.purgeAt !== null) updateSecret(context.store, { ...secret, deletedAt: null, purgeAt: null }, context.now)
  return { ARN: secret.arn, Name: secret.name }
}
