import type { ValidateResourcePolicyCommandOutput, ValidationErrorsEntry } from '@aws-sdk/client-secrets-manager'
import { isPublic } from '../policies/public-access.ts'
import { AwsError } from '../protocol/errors.ts'
import type { Input } from '../protocol/input.ts'
import type { WireForm } from '../protocol/wire-form.ts'
import { keepsCallerIn } from '../rules/authorization.ts'
import type { CallContext } from '../rules/context.ts'
import { readResourcePolicy } from '../rules/resource-policy.ts'
import { findActiveSecret } from '../rules/secret-id.ts'

/**
 * Checks a resource policy: that it is well-formed, that it doesn't let anybody in, and that the caller could still change it.
 * What is wrong is in the answer; nothing is stored.
 *
 * AWS has published the messages of its console, and no names of the checks.
 */
export function validateResourcePolicy (
  { SecretId, ResourcePolicy }: Input<'ValidateResourcePolicy'>, context: CallContext
): WireForm<ValidateResourcePolicyCommandOutput> {
  if (SecretId !== undefined) findActiveSecret(context, SecretId)
  const errors = mistakes(ResourcePolicy, context, SecretId)
  return { PolicyValidationPassed: errors.length === 0, ValidationErrors: errors }
}

function mistakes (text: string, context: CallContext, secretId: string | undefined): ValidationErrorsEntry[] {
  try {
    const policy = readResourcePolicy(text)
    return [
      ...isPublic(policy) ? [broadAccess] : [],
      ...keepsCallerIn(context, secretId, policy) ? [] : [lockout]
    ]
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    return [{ CheckName: 'PolicySyntax', ErrorMessage: error.message }]
  }
}

const broadAccess = { CheckName: 'BroadAccess', ErrorMessage: 'This resource policy grants broad access to your secret.' }
const lockout = { CheckName: 'Lockout', ErrorMessage: 'Your requested changes will not allow you to manage this secret in the future.' }
