import type { VersionSelector } from '#src/aws/port'
import type { SecretVersion } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { isProblem, Problem } from '#src/problems/problem'
import type { Scope } from './scope.ts'

/**
 * This module handles versions without a value. A rotation begins by creating such a version, with the label AWSPENDING. The
 * rotation function gives the version a value later. Until then, AWS shows the version only in the secret's metadata. AWS's list
 * of versions omits the version, and reading it fails as if it did not exist.
 */

/** A page size that is large enough for all versions with a label, because AWS allows a secret only 20 labels. */
const allLabelled = { limit: 100 }

/**
 * Converts the error of an attempt to read a version. If AWS did not find the version, but the secret's metadata shows it, the
 * version has no value, and the error becomes `version-has-no-value`. Any other error is returned unchanged.
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

/** Returns the labels of each version. Returns no versions if AWS does not return the secret's metadata. */
async function labelsOf (scope: Scope, name: SecretName): Promise<Record<string, string[]>> {
  try {
    return (await scope.aws.describeSecret(scope, name)).versions ?? {}
  } catch (error) {
    // This call was only meant to explain an earlier problem. The caller gets that problem instead of this one.
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
  const versions = await labelsOf(scope, name)
  const without = (found: readonly SecretVersion[]): string[] =>
    Object.keys(versions).filter((id) => !found.some(({ versionId }) => versionId === id))
  if (without(listed).length === 0) return []
  const filled = isWhole ? listed : (await scope.aws.listSecretVersionIds(scope, name, allLabelled)).items
  return without(filled).map((versionId) => ({ versionId, versionStages: versions[versionId] ?? [] }))
}
