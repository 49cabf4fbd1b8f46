import { untilShown } from '#src/aws/eventual-consistency'
import { currentIn, type SecretMetadata } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import { moveCurrent } from '#src/secrets/compare-and-set'
import { findSecret } from '#src/secrets/metadata'
import { currentVersion } from '#src/secrets/precondition'
import type { Scope } from '#src/secrets/scope'
import { regionsOf } from '#src/secrets/settings'
import { moveStage } from '#src/secrets/stages'
import { tagSecret, untagSecret } from '#src/secrets/tags'
import type { Trace } from './carry-out.ts'
import type { BulkItem } from './items.ts'

/** The changes that were made to a secret, or may have been made. */
export interface Changed {
  /** The item in the request. If the secret existed before the run, the item contains only the members that differ from it. */
  readonly item: BulkItem
  readonly trace: Trace
  /** The metadata of the secret before the run. Absent if the run had to create the secret. */
  readonly existing?: SecretMetadata
}

/**
 * Restores a secret to its earlier state. A secret that the run created is deleted without a recovery window, so that it can be
 * created again.
 *
 * @throws Problem `not-taken-back` if another writer interferes, or if AWS can't restore the state
 */
export async function rollBack (scope: Scope, changed: Changed): Promise<void> {
  try {
    const { item, trace, existing } = changed
    await (existing === undefined ? deleteCreated(scope, changed) : restore(scope, item, trace, existing))
  } catch (error) {
    if (!(error instanceof Problem) || error.code === 'not-taken-back') throw error
    throw new Problem('not-taken-back', { detail: `The rollback failed with ${error.code}.` })
  }
}

async function deleteCreated (scope: Scope, { item: { name }, trace: { created } }: Changed): Promise<void> {
  if (created === undefined) return
  const { versionId, unsure = false } = created
  const isOwn = (secret: SecretMetadata): boolean => versionId !== undefined && versionId in (secret.versions ?? {})
  const now = unsure
    ? await untilShown(scope, async () => {
        const found = await findSecret(scope, name)
        return found !== undefined && (versionId === undefined || isOwn(found)) ? found : undefined
      })
    : await findSecret(scope, name)
  if (now === undefined) return
  const versions = Object.keys(now.versions ?? {})
  const isOurs = versionId === undefined ? !unsure : isOwn(now)
  // The rollback fails if another writer created the secret, deleted it, wrote to it or replicated it to further regions.
  if (!isOurs || now.state === 'pending-deletion' || versions.some((id) => id !== versionId)) throw new Problem('not-taken-back')
  await removeOwnReplicas(scope, name, now)
  await scope.aws.deleteSecret(scope, name, { force: true })
}

async function restore (scope: Scope, item: BulkItem, trace: Trace, existing: SecretMetadata): Promise<void> {
  const { name } = item
  if (trace.updated !== undefined) {
    await restoreVersion(scope, name, trace.updated.versionId, existing)
    await restoreDetails(scope, item, existing)
  }
  if (trace.tagged) await restoreTags(scope, name, item.tags ?? {}, existing.tags ?? {})
  if (trace.restored) await deleteRestored(scope, name, existing)
}

/**
 * Undoes a restore. First reverts the environment's tags and replicas, which the restore applied. Then schedules the secret's
 * deletion again.
 */
async function deleteRestored (scope: Scope, name: SecretName, existing: SecretMetadata): Promise<void> {
  const { recoveryWindowInDays, replicaRegions, tags } = scope.environment
  const before = existing.tags ?? {}
  const changed = Object.fromEntries(Object.entries(tags).filter(([key, value]) => before[key] !== value))
  await restoreTags(scope, name, changed, before)
  if (replicaRegions.length > 0) await removeOwnReplicas(scope, name, await scope.aws.describeSecret(scope, name))
  try {
    await scope.aws.deleteSecret(scope, name, { recoveryWindowInDays })
  } catch (error) {
    // The secret is scheduled for deletion. It doesn't matter that another caller may have scheduled it.
    if (!(error instanceof Problem) || error.options.failure?.effect !== 'unknown-by-whom') throw error
  }
}

/**
 * Deletes the secret's replicas.
 *
 * @throws Problem `not-taken-back` if a replica is in a region that the environment does not declare. Another writer must have
 * added that replica.
 */
async function removeOwnReplicas (scope: Scope, name: SecretName, secret: SecretMetadata): Promise<void> {
  const regions = regionsOf(secret)
  if (regions.some((region) => !scope.environment.replicaRegions.includes(region))) throw new Problem('not-taken-back')
  if (regions.length > 0) await scope.aws.removeRegionsFromReplication(scope, name, regions)
}

/** Makes the earlier version current again. The new version loses its staging labels, so AWS deletes it eventually. */
async function restoreVersion (
  scope: Scope, name: SecretName, created: string | undefined, existing: SecretMetadata
): Promise<void> {
  const { versions = {} } = existing
  // There is nothing to restore if the update created no version, or if its version has not become current.
  if (created === undefined) return
  const current = currentIn(existing)
  const now = await untilShown(scope, async () => {
    const shown = await currentVersion(scope, name)
    return shown === current ? undefined : shown
  })
  if (now === undefined) return
  // A placeholder that has received a value can't become a placeholder again, because AWS never removes AWSCURRENT. If another
  // writer's version is current, it stays.
  if (current === undefined || now !== created) throw new Problem('not-taken-back')
  await moveCurrent(scope, name, created, current)
  // When AWSCURRENT was moved back, AWS moved AWSPREVIOUS to the new version. Therefore AWSPREVIOUS is moved back, too.
  const previous = Object.keys(versions).find((id) => versions[id]?.includes('AWSPREVIOUS'))
  await moveStage(scope, name, 'AWSPREVIOUS', {
    removeFromVersionId: created, ...(previous !== undefined && { moveToVersionId: previous })
  })
}

async function restoreDetails (scope: Scope, { name, description, kmsKeyId }: BulkItem, existing: SecretMetadata): Promise<void> {
  if (description === undefined && kmsKeyId === undefined) return
  await scope.aws.updateSecret(scope, name, {
    ...(description !== undefined && { description: existing.description ?? '' }),
    // An empty ID stands for `aws/secretsmanager`.
    ...(kmsKeyId !== undefined && { kmsKeyId: existing.kmsKeyId ?? '' })
  })
}

type Tags = Readonly<Record<string, string>>

async function restoreTags (scope: Scope, name: SecretName, given: Tags, before: Tags): Promise<void> {
  const replaced = Object.fromEntries(Object.entries(before).filter(([key]) => Object.hasOwn(given, key)))
  const added = Object.keys(given).filter((key) => !Object.hasOwn(before, key))
  if (Object.keys(replaced).length > 0) await tagSecret(scope, name, replaced)
  if (added.length > 0) await untagSecret(scope, name, added)
}
