import type { PutResourcePolicyCommandOutput } from '@aws-sdk/client-secrets-manager'
import { isPublic } from '../policies/public-access.ts'
import { errors } from '../protocol/errors.ts'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import { findPrimarySecret } from '../rules/changeable-secret.ts'
import type { OperationContext } from '../rules/context.ts'
import { readResourcePolicy } from '../rules/resource-policy.ts'
import { storeResourcePolicy } from '../store/resource-policies.ts'
import { updateSecret } from '../store/secrets.ts'

/**
 * Attaches a resource policy to a secret, in the place of the one that it has. A public one is refused where the caller wants
 * that.
 */
export function putResourcePolicy (
  { SecretId, ResourcePolicy, BlockPublicPolicy }: Input<'PutResourcePolicy'>, context: OperationContext
): WireForm<PutResourcePolicyCommandOutput> {
  const secret = findPrimarySecret(context, SecretId)
  const policy = readResourcePolicy(ResourcePolicy)
  if (BlockPublicPolicy && isPublic(policy)) throw errors.publicPolicy()
  storeResourcePolicy(context.store, secret, ResourcePolicy)
  updateSecret(context.store, secret, context.now)
  return { ARN: secret.arn, Name: secret.name }
}
