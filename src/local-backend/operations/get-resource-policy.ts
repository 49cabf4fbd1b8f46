import type { GetResourcePolicyCommandOutput } from '@aws-sdk/client-secrets-manager'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import type { OperationContext } from '#src/local-backend/rules/context'
import { defaultPolicy, type NamedPolicy } from '#src/local-backend/rules/resource-policy'
import { findActiveSecret } from '#src/local-backend/rules/secret-id'
import { findResourcePolicy } from '#src/local-backend/store/resource-policies'

/**
 * Returns a secret's resource policy of the given name, exactly as it was stored. If the secret has no default policy, a request
 * for the default policy succeeds, and the reply contains no policy.
 */
export function getResourcePolicy (
  { SecretId, PolicyName }: Input<'GetResourcePolicy'>, context: OperationContext
): WireForm<GetResourcePolicyCommandOutput> & NamedPolicy {
  const secret = findActiveSecret(context, SecretId)
  const name = PolicyName ?? defaultPolicy
  const ResourcePolicy = findResourcePolicy(context.store, secret, name)
  if (ResourcePolicy === undefined && name !== defaultPolicy) throw errors.policyNotFound()
  return { ARN: secret.arn, Name: secret.name, PolicyName, ResourcePolicy }
}
