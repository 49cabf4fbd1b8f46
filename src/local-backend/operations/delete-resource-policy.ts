import type { DeleteResourcePolicyCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { findPrimarySecret } from '#src/local-backend/rules/changeable-secret'
import type { OperationContext } from '#src/local-backend/rules/context'
import { deleteResourcePolicy as removePolicy } from '#src/local-backend/store/resource-policies'
import { updateSecret } from '#src/local-backend/store/secrets'

/** Deletes a secret's resource policy, if it has one. */
export function deleteResourcePolicy (
  { SecretId }: Input<'DeleteResourcePolicy'>, context: OperationContext
): WireForm<DeleteResourcePolicyCommandOutput> {
  const secret = findPrimarySecret(context, SecretId)
  removePolicy(context.store, secret)
  updateSecret(context.store, secret, context.now)
  return { ARN: secret.arn, Name: secret.name }
}
