import type { DeleteResourcePolicyCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { findWithOwnPolicies } from '#src/local-backend/rules/changeable-secret'
import type { OperationContext } from '#src/local-backend/rules/context'
import { checkPolicyName, defaultPolicy, type NamedPolicy } from '#src/local-backend/rules/resource-policy'
import { deleteResourcePolicy as removePolicy } from '#src/local-backend/store/resource-policies'
import { updateSecret } from '#src/local-backend/store/secrets'

/** Deletes a secret's default resource policy, if it has one. */
export function deleteResourcePolicy (
  { SecretId, PolicyName }: Input<'DeleteResourcePolicy'>, context: OperationContext
): WireForm<DeleteResourcePolicyCommandOutput> & NamedPolicy {
  checkPolicyName(PolicyName)
  const secret = findWithOwnPolicies(context, SecretId)
  removePolicy(context.store, secret, defaultPolicy)
  updateSecret(context.store, secret, context.now)
  return { ARN: secret.arn, Name: secret.name, PolicyName }
}
