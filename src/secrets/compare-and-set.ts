import { randomUUID } from 'node:crypto'
import { toAwsName, type SecretName } from '#src/environments/names'
import { isProblem, Problem } from '#src/problems/problem'
import { currentVersion } from './precondition.ts'
import type { WrittenSecret } from './schemas.ts'
import type { Scope } from './scope.ts'
import { clientRequestToken } from './tokens.ts'
import type { AwsValue } from './value.ts'
import { written } from './written.ts'

/**
 * What a version is put under until it is current. One for all writers: AWS allows a secret 20 labels, and a version that
 * another writer takes it from can be made current all the same.
 */
const label = 'GATEWAYPENDING'

/**
 * Makes a value current if a given version still is. AWS has no call for that, but it refuses to move AWSCURRENT away from a
 * version that does not hold it: so the new version is put under another label, and then AWSCURRENT is moved.
 *
 * @param beforeMove what else is to be done, where the write is not refused already
 * @throws Problem `precondition-failed` where another version is current, and as AWS answers
 */
export async function compareAndSet (
  scope: Scope, name: SecretName, expected: string, value: AwsValue, beforeMove: () => Promise<unknown> = async () => undefined
): Promise<WrittenSecret> {
  const SecretId = toAwsName(scope.environment, name)
  const { ClientRequestToken = randomUUID() } = clientRequestToken(scope, name)
  const put = async (): Promise<WrittenSecret> =>
    written(name, await scope.aws.putSecretValue({ SecretId, ...value, ClientRequestToken, VersionStages: [label] }))

  const current = await currentVersion(scope, name)
  // A repetition of the same write, of which only the reply was lost: AWS makes no other version, or refuses another value.
  if (current === ClientRequestToken) return put()
  if (current !== expected) throw new Problem('precondition-failed')
  try {
    const secret = await put()
    await beforeMove()
    await moveCurrent(scope, name, expected, ClientRequestToken)
    return secret
  } finally {
    // A version that lost the race is one without a label then, and AWS removes it in time.
    await removeLabel(scope, name, ClientRequestToken)
  }
}

/** Tries at a move that was refused although the label is where it was said to be: it had been away in between. */
const maximumMoves = 5

/**
 * Moves AWSCURRENT from one version to another.
 *
 * @throws Problem `precondition-failed` where it is on a third one, and as AWS answers
 */
export async function moveCurrent (scope: Scope, name: SecretName, from: string, to: string): Promise<void> {
  for (let moves = 1; ; moves++) {
    try {
      await scope.aws.updateSecretVersionStage({
        SecretId: toAwsName(scope.environment, name),
        VersionStage: 'AWSCURRENT',
        RemoveFromVersionId: from,
        MoveToVersionId: to
      })
      return
    } catch (error) {
      if (!isProblem(error, 'aws-refused')) throw error
      // AWS's words for it are not documented: what counts is where the label is. It is where it should be when the SDK has
      // repeated a move of which only the reply was lost.
      const current = await currentVersion(scope, name)
      if (current === to) return
      if (current !== from) throw new Problem('precondition-failed')
      if (moves === maximumMoves) throw error
    }
  }
}

async function removeLabel (scope: Scope, name: SecretName, from: string): Promise<void> {
  try {
    await scope.aws.updateSecretVersionStage({
      SecretId: toAwsName(scope.environment, name),
      VersionStage: label,
      RemoveFromVersionId: from
    })
  } catch (error) {
    // Another writer has it by now, or it stays and does no harm: the write itself is what the caller is told of.
    if (!(error instanceof Problem)) throw error
  }
}
