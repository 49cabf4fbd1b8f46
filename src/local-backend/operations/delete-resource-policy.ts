import type { DeleteResourcePolicyCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import { findPrimarySecret } from '../rules/changeable-secret.ts'
import type { OperationContext } from '../rules/context.ts'
import { deleteResourcePolicy as removePolicy } from '../store/resource-policies.ts'
import { updateSecret } from '../store/secrets.ts'

/** Detaches a secret's resource policy; a secret that has none stays without. */
export function deleteResourcePolicy (
  { SecretId }: Input<'DeleteResourcePolicy'>, context: OperationContext
): WireForm<DeleteResourcePolicyCommandOutput> {
  const secret = findPrimarySecret(context, SecretId)
  removePolicy(context.store, secret)
  updateSecret(context.store, secret, context.now)
  return { ARN: secret.arn, Name: secret.name }
}
