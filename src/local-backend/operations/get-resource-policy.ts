import type { GetResourcePolicyCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import type { OperationContext } from '../rules/context.ts'
import { findActiveSecret } from '../rules/secret-id.ts'
import { findResourcePolicy } from '../store/resource-policies.ts'

/** Shows a secret's resource policy, if it has one, as it was given. */
export function getResourcePolicy (
  { SecretId }: Input<'GetResourcePolicy'>, context: OperationContext
): WireForm<GetResourcePolicyCommandOutput> {
  const secret = findActiveSecret(context, SecretId)
  return { ARN: secret.arn, Name: secret.name, ResourcePolicy: findResourcePolicy(context.store, secret) }
}
