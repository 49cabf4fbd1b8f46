import { currentIn } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { isProblem, Problem } from '#src/problems/problem'
import { moveCurrent } from './compare-and-set.ts'
import { versionMissing } from './empty-versions.ts'
import { readExpecting, underPrecondition, type Precondition } from './precondition.ts'
import type { WrittenSecret } from './schemas.ts'
import type { Scope } from './scope.ts'

/**
 * Moves a staging label to a version, or removes it from a version. If AWSCURRENT is moved, AWS moves AWSPREVIOUS to the version
 * that was current before.
 *
 * @throws Problem `version-has-no-value`, and any AWS error
 */
export async function moveStage (scope: Scope, name: SecretName, stage: string, move: {
  moveToVersionId?: string
  removeFromVersionId?: string
}): Promise<WrittenSecret> {
  const { moveToVersionId } = move
  try {
    const secret = await scope.aws.updateSecretVersionStage(scope, name, stage, move)
    return compact({ ...secret, versionId: moveToVersionId })
  } catch (error) {
    throw moveToVersionId === undefined ? error : await versionMissing(scope, name, { versionId: moveToVersionId }, error)
  }
}

/**
 * Makes an earlier version current again, by default the AWSPREVIOUS version.
 *
 * @throws Problem `version-not-found` if there is no AWSPREVIOUS version, `secret-has-no-value` for a placeholder,
 * `version-has-no-value`, `precondition-failed`, `write-conflict` if another writer interferes, and any AWS error
 */
export async function rollBack (
  scope: Scope, name: SecretName, versionId: string | undefined, precondition: Precondition = {}
): Promise<WrittenSecret> {
  const { arn, versions = {} } = await underPrecondition(precondition, async () =>
    readExpecting(scope, name, precondition.versionId, async () => scope.aws.describeSecret(scope, name), currentIn))
  const labelled = (stage: string): string | undefined => Object.keys(versions).find((id) => versions[id]?.includes(stage))
  const current = labelled('AWSCURRENT')
  if (current === undefined) throw new Problem('secret-has-no-value')
  const target = versionId ?? labelled('AWSPREVIOUS')
  if (precondition.versionId !== undefined && current !== precondition.versionId) throw new Problem('precondition-failed')
  if (target === undefined) throw new Problem('version-not-found')
  try {
    await moveCurrent(scope, name, current, target)
  } catch (error) {
    if (isProblem(error, 'precondition-failed') && !precondition.present) throw new Problem('write-conflict')
    throw await versionMissing(scope, name, { versionId: target }, error)
  }
  return { name, arn, versionId: target }
}
