import { Type, type Static } from '@sinclair/typebox'
import { shapes } from '#src/aws-model/shapes'
import { hasValue } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import { AwsString, closed } from '#src/schema/types'
import type { WrittenSecret } from './schemas.ts'
import { assertMay, type Scope } from './scope.ts'
import { forPurpose, newVersionId } from './tokens.ts'

const { min, max } = shapes.AutomaticallyRotateAfterDaysType

export const Rotation = Type.Object({
  lambdaArn: Type.Optional(AwsString('RotationLambdaARNType', {
    minLength: 1,
    description: 'The Lambda function that rotates the secret. Defaults to the existing one',
    examples: ['arn:aws:lambda:eu-west-1:123456789012:function:rotate-postgresql']
  })),
  automaticallyAfterDays: Type.Optional(Type.Integer({ minimum: min, maximum: max, description: 'The number of days between ' +
    'rotations' })),
  scheduleExpression: Type.Optional(AwsString('ScheduleExpressionType', {
    description: 'A `rate(…)` or `cron(…)` expression as AWS accepts it, in UTC, instead of `automaticallyAfterDays`',
    examples: ['rate(10 days)', 'cron(0 16 1,15 * ? *)']
  })),
  duration: Type.Optional(AwsString('DurationType', { description: 'The length of the rotation window', examples: ['3h'] })),
  rotateImmediately: Type.Optional(Type.Boolean({
    default: true,
    description: 'Rotate at once. Otherwise, AWS only tests the function now, and rotates in the next window'
  }))
}, {
  ...closed,
  minProperties: 1,
  examples: [{ lambdaArn: 'arn:aws:lambda:eu-west-1:123456789012:function:rotate-postgresql', automaticallyAfterDays: 30 }]
})

const noValue = 'The secret has no value: the rotation function must make the first one, and until then nothing can be read.'

/**
 * Returns a warning if the secret to be rotated has no value. Only a caller who may see the secret's metadata gets the warning,
 * because it reveals whether the secret has a value.
 */
async function placeholderWarnings (scope: Scope, name: SecretName): Promise<Pick<WrittenSecret, 'warnings'>> {
  if (!scope.may('DescribeSecret', name)) return {}
  try {
    return hasValue(await scope.aws.describeSecret(scope, name)) ? {} : { warnings: [noValue] }
  } catch (error) {
    // This call only determines whether to warn, so its failure is ignored. If the cause is serious, the rotation fails as well.
    if (!(error instanceof Problem)) throw error
    return {}
  }
}

/**
 * Sets the rotation function and schedule, and by default starts a rotation. AWS completes the rotation asynchronously.
 *
 * @returns the secret. `versionId` is the ID of the version that the rotation creates. If the secret is a placeholder, there is a
 * warning.
 * @throws Problem `forbidden` if a rotation is to start at once, but the caller may not start it
 * @throws Problem `rotation-in-progress`, and any AWS error
 */
export async function configureRotation (
  scope: Scope, name: SecretName, rotation: Static<typeof Rotation>
): Promise<WrittenSecret> {
  if (rotation.rotateImmediately !== false) assertMay(scope, 'RotateSecret', name)
  return callRotateSecret(scope, name, rotation)
}

/** Starts a rotation with the secret's existing settings. @throws Problem `rotation-in-progress`, and any AWS error */
export const rotateSecret = async (scope: Scope, name: SecretName): Promise<WrittenSecret> => callRotateSecret(scope, name, {})

async function callRotateSecret (
  scope: Scope, name: SecretName, { lambdaArn, rotateImmediately, ...rules }: Static<typeof Rotation>
): Promise<WrittenSecret> {
  const warnings = await placeholderWarnings(scope, name)
  const versionId = newVersionId(forPurpose(scope, 'rotation'), name)
  const secret = await scope.aws.rotateSecret(scope, name, { lambdaArn, rules, rotateImmediately, versionId })
  return { ...secret, ...warnings }
}

/**
 * Turns automatic rotation off. The function and the schedule stay configured.
 *
 * @param discardPending if true, the label AWSPENDING is also removed from the version of an unfinished rotation. While a version
 * other than the current one has this label, AWS starts no other rotation.
 * @throws Problem `forbidden` if `discardPending` is true, but the caller may not move labels
 * @throws Problem for any AWS error
 */
export async function cancelRotation (scope: Scope, name: SecretName, discardPending = false): Promise<WrittenSecret> {
  if (discardPending) assertMay(scope, 'UpdateSecretVersionStage', name)
  const secret = await scope.aws.cancelRotateSecret(scope, name)
  if (discardPending) await removePending(scope, name)
  return secret
}

async function removePending (scope: Scope, name: SecretName): Promise<void> {
  const pending = await pendingVersion(scope, name)
  if (pending === undefined) return
  try {
    await scope.aws.updateSecretVersionStage(scope, name, 'AWSPENDING', { removeFromVersionId: pending })
  } catch (error) {
    // The error does not matter if the label is gone: the rotation function, or an earlier attempt whose response was lost, may
    // have removed it.
    if (!(error instanceof Problem) || await pendingVersion(scope, name) === pending) throw error
  }
}

/** Returns the ID of the version that an unfinished rotation has begun. */
async function pendingVersion (scope: Scope, name: SecretName): Promise<string | undefined> {
  const { versions = {} } = await scope.aws.describeSecret(scope, name)
  return Object.keys(versions).find((id) => versions[id]?.includes('AWSPENDING') && !versions[id].includes('AWSCURRENT'))
}
