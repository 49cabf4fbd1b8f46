import { Type, type Static } from '@sinclair/typebox'
import { shapes } from '#src/aws-model/shapes'
import { answered } from '#src/aws/errors'
import { toAwsName, type SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { invalidRequest } from '#src/problems/problem'
import { WrittenSecret } from './schemas.ts'
import type { Scope } from './scope.ts'
import { written } from './written.ts'

const maximumLength = shapes.NonEmptyResourcePolicyType.max

/** A policy document of IAM, as JSON. What it says is for AWS to judge. */
export const ResourcePolicy = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  // Said, since a reply has no member that its schema does not have.
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
  policyValidationPassed: Type.Boolean({ description: 'Whether AWS would take it' }),
  validationErrors: Type.Array(Type.Object({
    checkName: Type.Optional(Type.String({ description: 'What was checked' })),
    errorMessage: Type.Optional(Type.String({ description: 'What is wrong' }))
  }), { description: 'What AWS finds wrong with it' })
})

/** @throws Problem as AWS answers */
export async function readPolicy (scope: Scope, name: SecretName): Promise<Static<typeof PolicyOfSecret>> {
  const { ARN, ResourcePolicy: policy } = await scope.aws.getResourcePolicy({ SecretId: toAwsName(scope.environment, name) })
  return compact({ name, arn: answered(ARN), resourcePolicy: policy === undefined ? undefined : documentFrom(policy) })
}

/**
 * @param blockPublicPolicy whether a policy that lets anybody in is refused
 * @throws Problem `aws-refused` where AWS finds it malformed or public, and as AWS answers
 */
export async function putPolicy (
  scope: Scope, name: SecretName, policy: Record<string, unknown>, blockPublicPolicy: boolean
): Promise<WrittenSecret> {
  return written(name, await scope.aws.putResourcePolicy({
    SecretId: toAwsName(scope.environment, name),
    ResourcePolicy: textOf(policy),
    BlockPublicPolicy: blockPublicPolicy
  }))
}

/** Leaves the secret to the policies of IAM alone. @throws Problem as AWS answers */
export async function deletePolicy (scope: Scope, name: SecretName): Promise<WrittenSecret> {
  return written(name, await scope.aws.deleteResourcePolicy({ SecretId: toAwsName(scope.environment, name) }))
}

/** Whether AWS would take the policy, which stays unchanged. @throws Problem as AWS answers */
export async function validatePolicy (
  scope: Scope, name: SecretName, policy: Record<string, unknown>
): Promise<Static<typeof PolicyValidation>> {
  const reply = await scope.aws.validateResourcePolicy({
    SecretId: toAwsName(scope.environment, name),
    ResourcePolicy: textOf(policy)
  })
  const errors = reply.ValidationErrors ?? []
  return {
    policyValidationPassed: answered(reply.PolicyValidationPassed),
    validationErrors: errors.map(({ CheckName, ErrorMessage }) => compact({ checkName: CheckName, errorMessage: ErrorMessage }))
  }
}

function textOf (policy: Record<string, unknown>): string {
  const text = JSON.stringify(policy)
  if (text.length <= maximumLength) return text
  throw invalidRequest({ in: 'body', pointer: '/resourcePolicy', message: `must NOT have more than ${maximumLength} characters as JSON` })
}

/** AWS has read it as JSON before it kept it. */
const documentFrom = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>
