import type { VersionSelector } from '#src/aws/port'
import type { SecretVersion } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { isProblem, Problem } from '#src/problems/problem'
import type { Scope } from './scope.ts'

/**
 * Versions without a value. A rotation begins with such a version, which has the label AWSPENDING, and the rotation function
 * gives it a value later. In AWS, only a secret's metadata shows the version. The list of versions omits it, and reading it
 * fails as if it did not exist.
 */

/** The maximum number of versions with a label, because AWS allows a secret only 20 labels. AWS lists them all on one page. */
const allLabelled = { limit: 100 }

/**
 * Converts a problem with a version that AWS could not find. If the secret's metadata shows the version, it exists without a
 * value, and the problem becomes `version-has-no-value`. Any other error is returned unchanged.
 */
export async function versionMissing (
  scope: Scope, name: SecretName, { versionId, versionStage }: VersionSelector, error: unknown
): Promise<unknown> {
  if (!isProblem(error, 'version-not-found')) return error
  const labels = await labelsOf(scope, name)
  const exists = Object.entries(labels).some(([id, stages]) =>
    (versionId ?? id) === id && (versionStage === undefined || stages.includes(versionStage)))
  return exists ? new Problem('version-has-no-value', error.options) : error
}

/** Returns the labels of each version; none if AWS does not let the credential see them. */
async function labelsOf (scope: Scope, name: SecretName): Promise<Record<string, string[]>> {
  try {
    return (await scope.aws.describeSecret(scope, name)).versions ?? {}
  } catch (error) {
    // The caller is told of the problem that this call was to explain.
    if (!(error instanceof Problem)) throw error
    return {}
  }
}

/**
 * Returns the versions without a value.
 *
 * @param listed the versions on the last page of AWS's list
 * @param isWhole true if AWS's list has no other pages
 * @throws Problem for any AWS error
 */
export async function emptyVersions (
  scope: Scope, name: SecretName, listed: readonly SecretVersion[], isWhole: boolean
): Promise<Pick<SecretVersion, 'versionId' | 'versionStages'>[]> {
  const { versions = {} } = await scope.aws.describeSecret(scope, name)
  const without = (found: readonly SecretVersion[]): string[] =>
    Object.keys(versions).filter((id) => !found.some(({ versionId }) => versionId === id))
  if (without(listed).length === 0) return []
  const filled = isWhole ? listed : (await scope.aws.listSecretVersionIds(scope, name, allLabelled)).items
  return without(filled).map((versionId) => ({ versionId, versionStages: versions[versionId] ?? [] }))
}
