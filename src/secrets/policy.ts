import { Type, type Static } from '@sinclair/typebox'
import { shapes } from '#src/aws-model/shapes'
import type { SecretName } from '#src/environments/names'
import { parseLossless } from '#src/json/lossless'
import { invalidRequest } from '#src/problems/problem'
import { WrittenSecret } from './schemas.ts'
import type { Scope } from './scope.ts'

const maximumLength = shapes.NonEmptyResourcePolicyType.max

/**
 * The maximum length, in bytes, of a body with a policy. Each character takes at most six bytes as an escape sequence. The rest
 * is room for line breaks and indentation, which AWS does not receive.
 */
export const policyBodyLimit = 256 * 1024

/** An IAM policy document, as JSON. AWS checks its content. */
export const ResourcePolicy = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  // Replies contain only the members that their schema allows. Without this, replies would lack the policy's members.
  additionalProperties: true,
  description: `A resource-based policy in IAM's language, ${maximumLength.toLocaleString('en')} characters of JSON at most`,
  examples: [{
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:role/reader' }, Action: 'secretsmanager:GetSecretValue', Resource: '*' }]
  }]
})

export const PolicyOfSecret = Type.Object({
  name: WrittenSecret.properties.name,
  arn: WrittenSecret.properties.arn,
  resourcePolicy: Type.Optional(ResourcePolicy)
})

export const PolicyValidation = Type.Object({
  policyValidationPassed: Type.Boolean({ description: 'True if AWS would accept it' }),
  validationErrors: Type.Array(Type.Object({
    checkName: Type.Optional(Type.String({ description: 'The name of the check' })),
    errorMessage: Type.Optional(Type.String({ description: 'The error' }))
  }), { description: 'The errors that AWS found' })
})

/** Returns a secret's resource-based policy. @throws Problem for any AWS error */
export async function readPolicy (scope: Scope, name: SecretName): Promise<Static<typeof PolicyOfSecret>> {
  const { policy, ...secret } = await scope.aws.getResourcePolicy(scope, name)
  return { ...secret, ...policy !== undefined && { resourcePolicy: documentFrom(policy) } }
}

/**
 * Attaches a policy to a secret, replacing any existing policy.
 *
 * @param blockPublicPolicy true to refuse a policy that grants public access
 * @throws Problem `invalid-request` if the policy is too long, `aws-refused` if AWS finds it malformed or public, and any AWS
 *   error
 */
export async function putPolicy (
  scope: Scope, name: SecretName, policy: Record<string, unknown>, blockPublicPolicy: boolean
): Promise<WrittenSecret> {
  return scope.aws.putResourcePolicy(scope, name, textOf(policy), { blockPublicPolicy })
}

/** Removes the secret's policy. @throws Problem for any AWS error */
export async function deletePolicy (scope: Scope, name: SecretName): Promise<WrittenSecret> {
  return scope.aws.deleteResourcePolicy(scope, name)
}

/** Validates a policy with AWS, without attaching it. @throws Problem `invalid-request` if it is too long, and any AWS error */
export async function validatePolicy (
  scope: Scope, name: SecretName, policy: Record<string, unknown>
): Promise<Static<typeof PolicyValidation>> {
  const { passed, errors } = await scope.aws.validateResourcePolicy(scope, name, textOf(policy))
  return { policyValidationPassed: passed, validationErrors: errors }
}

function textOf (policy: Record<string, unknown>): string {
  const text = JSON.stringify(policy)
  if (text.length <= maximumLength) return text
  throw invalidRequest({ in: 'body', pointer: '/resourcePolicy', message: `must NOT have more than ${maximumLength} characters as JSON` })
}

/** Parses a secret's policy. The text is valid JSON, because AWS accepts nothing else. Numbers keep their text. */
const documentFrom = (text: string): Record<string, unknown> => parseLossless(text) as Record<string, unknown>
