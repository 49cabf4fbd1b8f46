import { Type, type Static } from '@sinclair/typebox'
import { shapes } from '#src/aws-model/shapes'
import { toAwsName, type SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { AwsString, closed } from '#src/schema/types'
import type { WrittenSecret } from './schemas.ts'
import type { Scope } from './scope.ts'
import { clientRequestToken } from './tokens.ts'
import { written } from './written.ts'

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
 * Sets what rotates the secret and when, and starts a rotation unless told not to. It goes on after the answer.
 *
 * @returns with `versionId`, the version that the rotation makes
 * @throws Problem `rotation-in-progress`, and as AWS answers
 */
export async function setRotation (scope: Scope, name: SecretName, rotation: Static<typeof Rotation>): Promise<WrittenSecret> {
  const { lambdaArn, automaticallyAfterDays, scheduleExpression, duration, rotateImmediately } = rotation
  const rules = compact({
    AutomaticallyAfterDays: automaticallyAfterDays,
    ScheduleExpression: scheduleExpression,
    Duration: duration
  })
  const reply = await scope.aws.rotateSecret({
    SecretId: toAwsName(scope.environment, name),
    RotationLambdaARN: lambdaArn,
    ...Object.keys(rules).length > 0 && { RotationRules: rules },
    RotateImmediately: rotateImmediately,
    ...clientRequestToken(scope, name)
  })
  return written(name, reply)
}

/** Starts a rotation as it is set. @throws Problem `rotation-in-progress`, and as AWS answers */
export const rotateSecret = async (scope: Scope, name: SecretName): Promise<WrittenSecret> => setRotation(scope, name, {})

/** Stops rotating; the function and the schedule stay set. @throws Problem as AWS answers */
export async function cancelRotation (scope: Scope, name: SecretName): Promise<WrittenSecret> {
  return written(name, await scope.aws.cancelRotateSecret({ SecretId: toAwsName(scope.environment, name) }))
}
