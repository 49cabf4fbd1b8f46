import { Type, type Static } from '@sinclair/typebox'
import { shapes } from '#src/aws-model/shapes'
import type { SecretName } from '#src/environments/names'
import { AwsString, closed } from '#src/schema/types'
import type { WrittenSecret } from './schemas.ts'
import type { Scope } from './scope.ts'
import { forPurpose, newVersionId } from './tokens.ts'

const { min, max } = shapes.AutomaticallyRotateAfterDaysType

export const Rotation = Type.Object({
  lambdaArn: Type.Optional(AwsString('RotationLambdaARNType', {
    minLength: 1,
    description: 'The Lambda function that rotates; the one that is set already where absent',
    examples: ['arn:aws:lambda:eu-west-1:123456789012:function:rotate-postgresql']
  })),
  automaticallyAfterDays: Type.Optional(Type.Integer({ minimum: min, maximum: max, description: 'Days from one rotation to the next' })),
  scheduleExpression: Type.Optional(AwsString('ScheduleExpressionType', {
    description: '`rate(…)` or `cron(…)` as AWS takes them, in UTC, instead of `automaticallyAfterDays`',
    examples: ['rate(10 days)', 'cron(0 16 1,15 * ? *)']
  })),
  duration: Type.Optional(AwsString('DurationType', { description: 'How long the window of a rotation is', examples: ['3h'] })),
  rotateImmediately: Type.Optional(Type.Boolean({
    default: true,
    description: 'Rotate at once; otherwise AWS only tests the function now, and rotates in the next window'
  }))
}, {
  ...closed,
  minProperties: 1,
  examples: [{ lambdaArn: 'arn:aws:lambda:eu-west-1:123456789012:function:rotate-postgresql', automaticallyAfterDays: 30 }]
})

/**
 * Sets the rotation function and schedule, and by default starts a rotation. AWS completes it asynchronously.
 *
 * @returns the secret; `versionId` is the ID of the version that the rotation creates
 * @throws Problem `rotation-in-progress`, and any AWS error
 */
export async function setRotation (scope: Scope, name: SecretName, rotation: Static<typeof Rotation>): Promise<WrittenSecret> {
  const { lambdaArn, rotateImmediately, ...rules } = rotation
  return scope.aws.rotateSecret(scope, name, { lambdaArn, rules, rotateImmediately, versionId: newVersionId(forPurpose(scope, 'rotation'), name) })
}

/** Starts a rotation with the secret's existing settings. @throws Problem `rotation-in-progress`, and any AWS error */
export const rotateSecret = async (scope: Scope, name: SecretName): Promise<WrittenSecret> => setRotation(scope, name, {})

/** Turns automatic rotation off. The function and the schedule stay configured. @throws Problem for any AWS error */
export const cancelRotation = async (scope: Scope, name: SecretName): Promise<WrittenSecret> =>
  scope.aws.cancelRotateSecret(scope, name)
