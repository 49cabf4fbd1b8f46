import { randomUUID } from 'node:crypto'
import type { WriteResult } from '#src/aws/port'
import type { SecretContent } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { isProblem, Problem } from '#src/problems/problem'
import { currentVersion } from './precondition.ts'
import type { Scope } from './scope.ts'
import { newVersionId } from './tokens.ts'

/**
 * The staging label of a version that is not current yet. All writers share it, since AWS allows a secret 20 labels; a version
 * that loses it to another writer can become current all the same.
 */
const pendingLabel = 'GATEWAYPENDING'

/**
 * Makes a value current if a given version still is. AWS has no call for this, but it refuses to move AWSCURRENT away from a
 * version that does not hold it. So the new version is created under another label, and AWSCURRENT is moved to it afterwards.
 *
 * @param beforeMove other changes, made once the precondition has been checked and the value has been accepted
 * @throws Problem `precondition-failed` if another version is current, and any AWS error
 */
export async function compareAndSet (
  scope: Scope, name: SecretName, expected: string, content: SecretContent,
  beforeMove: () => Promise<unknown> = async () => undefined
): Promise<WriteResult> {
  const versionId = newVersionId(scope, name) ?? randomUUID()
  const put = async (): Promise<WriteResult> =>
    scope.aws.putSecretValue(scope, name, content, { versionId, stages: [pendingLabel] })

  const current = await currentVersion(scope, name)
  // The same write again, after its response was lost: AWS creates no second version, and refuses another value.
  if (current === versionId) return put()
  if (current !== expected) throw new Problem('precondition-failed')
  try {
    const secret = await put()
    await beforeMove()
    await moveCurrent(scope, name, expected, versionId)
    return secret
  } finally {
    // A version that lost the race has no label then, and AWS removes it in time.
    await removePendingLabel(scope, name, versionId)
  }
}

/** Attempts of a move that AWS refuses although the label is on the expected version: it was elsewhere for a moment. */
const maximumAttempts = 5

/**
 * Moves AWSCURRENT from one version to another.
 *
 * @throws Problem `precondition-failed` if it is on a third one, and any AWS error
 */
export async function moveCurrent (scope: Scope, name: SecretName, from: string, to: string): Promise<void> {
  for (let attempts = 1; ; attempts++) {
    try {
      await scope.aws.updateSecretVersionStage(scope, name, 'AWSCURRENT', { removeFromVersionId: from, moveToVersionId: to })
      return
    } catch (error) {
      if (!isProblem(error, 'aws-refused')) throw error
      // AWS does not document its error messages, so the label's position decides. It is on the target if the SDK has repeated a
      // move whose response was lost.
      const current = await currentVersion(scope, name)
      if (current === to) return
      if (current !== from) throw new Problem('precondition-failed')
      if (attempts === maximumAttempts) throw error
    }
  }
}

async function removePendingLabel (scope: Scope, name: SecretName, versionId: string): Promise<void> {
  try {
    await scope.aws.updateSecretVersionStage(scope, name, pendingLabel, { removeFromVersionId: versionId })
  } catch (error) {
    // Another writer holds the label by now, or it stays and does no harm. Only the write's own result matters to the caller.
    if (!(error instanceof Problem)) throw error
  }
}
