import type { GetResourcePolicyCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import type { OperationContext } from '#src/local-backend/rules/context'
import { findActiveSecret } from '#src/local-backend/rules/secret-id'
import { findResourcePolicy } from '#src/local-backend/store/resource-policies'

/** Returns a secret's resource policy, if it has one, exactly as it was stored. */
export function getResourcePolicy (
  { SecretId }: Input<'GetResourcePolicy'>, context: OperationContext
): WireForm<GetResourcePolicyCommandOutput> {
  const secret = findActiveSecret(context, SecretId)
  return { ARN: secret.arn, Name: secret.name, ResourcePolicy: findResourcePolicy(context.store, secret) }
}
