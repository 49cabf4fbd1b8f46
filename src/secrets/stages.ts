import { toAwsName, type SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { isProblem, Problem } from '#src/problems/problem'
import { moveCurrent } from './compare-and-set.ts'
import { describeSecret } from './metadata.ts'
import { underPrecondition, type Precondition } from './precondition.ts'
import type { WrittenSecret } from './schemas.ts'
import type { Scope } from './scope.ts'
import { written } from './written.ts'

/**
 * Moves a staging label to a version, or takes it off one. AWSPREVIOUS follows AWSCURRENT by itself.
 *
 * @throws Problem as AWS answers
 */
export async function moveStage (scope: Scope, name: SecretName, stage: string, { moveToVersionId, removeFromVersionId }: {
  moveToVersionId?: string
  removeFromVersionId?: string
}): Promise<WrittenSecret> {
  const reply = await scope.aws.updateSecretVersionStage({
    SecretId: toAwsName(scope.environment, name),
    VersionStage: stage,
    MoveToVersionId: moveToVersionId,
    RemoveFromVersionId: removeFromVersionId
  })
  return compact({ ...written(name, reply), versionId: moveToVersionId })
}

/**
 * Makes an earlier version current again: the one that is AWSPREVIOUS, or another.
 *
 * @throws Problem `version-not-found` where there is no earlier one, `secret-has-no-value` for a placeholder,
 * `precondition-failed`, `write-conflict` where another writer comes in between, and as AWS answers
 */
export async function rollBack (
  scope: Scope, name: SecretName, versionId: string | undefined, precondition: Precondition = {}
): Promise<WrittenSecret> {
  const { arn, versions = {} } = await underPrecondition(precondition, async () => describeSecret(scope, name))
  const labelled = (stage: string): string | undefined => Object.keys(versions).find((id) => versions[id]?.includes(stage))
  const current = labelled('AWSCURRENT')
  if (current === undefined) throw new Problem('secret-has-no-value')
  const target = versionId ?? labelled('AWSPREVIOUS')
  if (precondition.versionId !== undefined && current !== precondition.versionId) throw new Problem('precondition-failed')
  if (target === undefined) throw new Problem('version-not-found')
  try {
    await moveCurrent(scope, name, current, target)
  } catch (error) {
    throw isProblem(error, 'precondition-failed') && !precondition.present ? new Problem('write-conflict') : error
  }
  return { name, arn, versionId: target }
}
