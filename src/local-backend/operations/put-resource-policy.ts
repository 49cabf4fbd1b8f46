import type { PutResourcePolicyCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { isPublic } from '#src/local-backend/policies/public-access'
import { findWithOwnPolicies } from '#src/local-backend/rules/changeable-secret'
import type { OperationContext } from '#src/local-backend/rules/context'
import { checkPolicyName, defaultPolicy, readResourcePolicy, type NamedPolicy } from '#src/local-backend/rules/resource-policy'
import { storeResourcePolicy } from '#src/local-backend/store/resource-policies'
import { updateSecret } from '#src/local-backend/store/secrets'

/**
 * Attaches the default resource policy to a secret, replacing the existing one. With `BlockPublicPolicy`, a policy that grants
 * public access is rejected.
 */
export function putResourcePolicy (
  { SecretId, PolicyName, ResourcePolicy, BlockPublicPolicy }: Input<'PutResourcePolicy'>, context: OperationContext
): WireForm<PutResourcePolicyCommandOutput> & NamedPolicy {
  checkPolicyName(PolicyName)
  const secret = findWithOwnPolicies(context, SecretId)
  const policy = readResourcePolicy(ResourcePolicy, context.scope)
  if (BlockPublicPolicy && isPublic(policy)) throw errors.publicPolicy()
  storeResourcePolicy(context.store, secret, defaultPolicy, ResourcePolicy)
  updateSecret(context.store, secret, context.now)
  return { ARN: secret.arn, Name: secret.name, PolicyName }
}
