import type { ValidateResourcePolicyCommandOutput, ValidationErrorsEntry } from '@aws-sdk/client-secrets-manager'
import { AwsError } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'
import { isPublic } from '#src/local-backend/policies/public-access'
import { callerKeepsAccess } from '#src/local-backend/rules/authorization'
import type { CallContext } from '#src/local-backend/rules/context'
import { readResourcePolicy } from '#src/local-backend/rules/resource-policy'
import { findActiveSecret } from '#src/local-backend/rules/secret-id'

/**
 * Checks that a resource policy is well-formed, grants no public access, and lets the caller keep managing the secret. The reply
 * lists the violations. Nothing is stored.
 *
 * The messages are those of AWS's console. The names of the checks are this backend's own, because AWS hasn't published its
 * names.
 */
export function validateResourcePolicy (
  { SecretId, ResourcePolicy }: Input<'ValidateResourcePolicy'>, context: CallContext
): WireForm<ValidateResourcePolicyCommandOutput> {
  if (SecretId !== undefined) findActiveSecret(context, SecretId)
  const errors = validationErrors(ResourcePolicy, context, SecretId)
  return { PolicyValidationPassed: errors.length === 0, ValidationErrors: errors }
}

function validationErrors (text: string, context: CallContext, secretId: string | undefined): ValidationErrorsEntry[] {
  try {
    const policy = readResourcePolicy(text, context.scope)
    return [
      ...isPublic(policy) ? [broadAccess] : [],
      ...callerKeepsAccess(context, secretId, policy) ? [] : [lockout]
    ]
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    return [{ CheckName: 'PolicySyntax', ErrorMessage: error.message }]
  }
}

const broadAccess = { CheckName: 'BroadAccess', ErrorMessage: 'This resource policy grants broad access to your secret.' }
const lockout = { CheckName: 'Lockout', ErrorMessage: 'Your requested changes will not allow you to manage this secret in the future.' }
