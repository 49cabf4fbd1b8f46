import { randomUUID } from 'node:crypto'
import { untilShown } from '#src/aws/eventual-consistency'
import type { WriteResult } from '#src/aws/port'
import type { SecretContent } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { isProblem, Problem } from '#src/problems/problem'
import { currentVersion } from './precondition.ts'
import type { Scope } from './scope.ts'
import { newVersionId } from './tokens.ts'

/**
 * The staging label that a new version has until it becomes current. All writers share this label, because AWS allows a secret
 * only 20 labels. Even if another writer moves the label away from a version, that version can still become current.
 */
const pendingLabel = 'GATEWAYPENDING'

/**
 * Makes a value current, but only if the expected version is still current. AWS has no operation for this. However, a request to
 * move AWSCURRENT names the version that loses the label, and AWS refuses the move if the label is on another version. So the new
 * version is first created with another label, and then gets AWSCURRENT.
 *
 * @param beforeMove makes other changes, once the precondition has been checked and AWS has accepted the value
 * @throws Problem `precondition-failed` if another version is current, and any AWS error
 */
export async function compareAndSet (
  scope: Scope, name: SecretName, expected: string, content: SecretContent,
  beforeMove: () => Promise<unknown> = async () => undefined
): Promise<WriteResult> {
  const versionId = newVersionId(scope, name) ?? randomUUID()
  const put = async (): Promise<WriteResult> =>
    scope.aws.putSecretValue(scope, name, content, { versionId, stages: [pendingLabel] })

  const current = await currentVersion(scope, name, expected)
  // If the new version is already current, this call repeats a write whose response was lost. AWS creates no second version, and
  // refuses the call if the two writes have different values.
  if (current === versionId) return put()
  if (current !== expected) throw new Problem('precondition-failed')
  try {
    const secret = await put()
    await beforeMove()
    await moveCurrent(scope, name, expected, versionId)
    return secret
  } catch (error) {
    // The new version no longer exists: another writer has deleted the secret without recovery, and created it again.
    throw isProblem(error, 'version-not-found') ? new Problem('precondition-failed') : error
  } finally {
    // If another writer won the race, the new version is left without a label, so AWS deletes it eventually.
    await removePendingLabel(scope, name, versionId)
  }
}

/**
 * Moves AWSCURRENT from one version to another.
 *
 * If AWS refuses the move, the gateway looks up which version has the label, because AWS does not document its error messages:
 *
 * - If it is `from`, either the reply is outdated, or another writer has moved the label away and back. The gateway tries again.
 * - If it is `to`, another writer may have moved the label. But the reply may also be outdated, because `to` was current at an
 *   earlier time. So the gateway tries again, and accepts the result only after the last attempt.
 *
 * @throws Problem `precondition-failed` if AWSCURRENT is on neither of the two, and any AWS error
 */
export async function moveCurrent (scope: Scope, name: SecretName, from: string, to: string): Promise<void> {
  let refusal: unknown
  const moved = await untilShown(scope, async (isLast) => {
    try {
      return await scope.aws.updateSecretVersionStage(scope, name, 'AWSCURRENT', { removeFromVersionId: from, moveToVersionId: to })
    } catch (error) {
      if (!isProblem(error, 'aws-refused')) throw error
      refusal = error
    }
    const current = await currentVersion(scope, name)
    if (current !== from && current !== to) throw new Problem('precondition-failed')
    return current === to && isLast ? to : undefined
  })
  if (moved === undefined) throw refusal
}

async function removePendingLabel (scope: Scope, name: SecretName, versionId: string): Promise<void> {
  try {
    await scope.aws.updateSecretVersionStage(scope, name, pendingLabel, { removeFromVersionId: versionId })
  } catch (error) {
    // This problem must not hide the result of the write. Either another writer has already moved the label, or it stays on the
    // version and does no harm.
    if (!(error instanceof Problem)) throw error
  }
}
