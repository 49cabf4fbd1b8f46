import { toAwsName, type SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import { moveCurrent } from '#src/secrets/compare-and-set'
import { currentIn, describeSecret, findSecret } from '#src/secrets/metadata'
import type { SecretMetadata } from '#src/secrets/schemas'
import type { Scope } from '#src/secrets/scope'
import { moveStage } from '#src/secrets/stages'
import { tagSecret, untagSecret } from '#src/secrets/tags'
import type { Trace } from './carry-out.ts'
import type { BulkItem } from './items.ts'

/** Something that was done, or tried, to a secret. */
export interface Done {
  readonly item: BulkItem
  readonly trace: Trace
  /** The secret before; none where it was to be made. */
  readonly existing?: SecretMetadata
}

/**
 * Puts a secret back as it was before. What the request made is deleted for good, so that it can be made again.
 *
 * @throws Problem `not-taken-back` where another writer came in between, or where AWS has no way back
 */
export async function takeBack (scope: Scope, done: Done): Promise<void> {
  try {
    await (done.existing === undefined ? removeMade(scope, done) : putBack(scope, done.item, done.trace, done.existing))
  } catch (error) {
    if (!(error instanceof Problem) || error.code === 'not-taken-back') throw error
    throw new Problem('not-taken-back', { detail: `Taking it back ended in ${error.code}.` })
  }
}

async function removeMade (scope: Scope, { item: { name }, trace: { created } }: Done): Promise<void> {
  const now = await findSecret(scope, name)
  if (created === undefined || now === undefined) return
  const { versionId, unsure = false } = created
  const versions = Object.keys(now.versions ?? {})
  const isOurs = versionId === undefined ? !unsure : versions.includes(versionId)
  if (unsure && versionId !== undefined && !isOurs) return
  // Whoever has written to it since has taken it for what it is.
  if (!isOurs || now.state === 'pending-deletion' || versions.some((id) => id !== versionId)) throw new Problem('not-taken-back')
  const SecretId = toAwsName(scope.environment, name)
  const regions = (now.replicas ?? []).flatMap(({ region }) => region ?? [])
  if (regions.length > 0) await scope.aws.removeRegionsFromReplication({ SecretId, RemoveReplicaRegions: regions })
  await scope.aws.deleteSecret({ SecretId, ForceDeleteWithoutRecovery: true })
}

async function putBack (scope: Scope, item: BulkItem, trace: Trace, existing: SecretMetadata): Promise<void> {
  const { name } = item
  if (trace.updated !== undefined) {
    await putBackVersion(scope, name, trace.updated.versionId, existing)
    await putBackDetails(scope, item, existing)
  }
  if (trace.tagged) await putBackTags(scope, name, item.tags ?? {}, existing.tags ?? {})
  if (trace.restored) {
    const { recoveryWindowInDays: RecoveryWindowInDays } = scope.environment
    await scope.aws.deleteSecret({ SecretId: toAwsName(scope.environment, name), RecoveryWindowInDays })
  }
}

/** The new version stays without a label, and AWS removes it in time. */
async function putBackVersion (
  scope: Scope, name: SecretName, made: string | undefined, existing: SecretMetadata
): Promise<void> {
  const { versions = {} } = existing
  const now = await describeSecret(scope, name)
  const current = currentIn(existing)
  // A repeated update, or one that has failed, has changed nothing.
  if (made === undefined || currentIn(now) === current) return
  // AWS does not let go of AWSCURRENT: what was a placeholder has a value now.
  if (current === undefined || currentIn(now) !== made) throw new Problem('not-taken-back')
  await moveCurrent(scope, name, made, current)
  // AWS gives AWSPREVIOUS to the version that AWSCURRENT was taken from.
  const previous = Object.keys(versions).find((id) => versions[id]?.includes('AWSPREVIOUS'))
  await moveStage(scope, name, 'AWSPREVIOUS', {
    removeFromVersionId: made, ...(previous !== undefined && { moveToVersionId: previous })
  })
}

async function putBackDetails (scope: Scope, { name, description, kmsKeyId }: BulkItem, existing: SecretMetadata): Promise<void> {
  if (description === undefined && kmsKeyId === undefined) return
  await scope.aws.updateSecret({
    SecretId: toAwsName(scope.environment, name),
    ...(description !== undefined && { Description: existing.description ?? '' }),
    // Empty is AWS's own key.
    ...(kmsKeyId !== undefined && { KmsKeyId: existing.kmsKeyId ?? '' })
  })
}

type Tags = Readonly<Record<string, string>>

async function putBackTags (scope: Scope, name: SecretName, given: Tags, before: Tags): Promise<void> {
  const [kept, added] = [true, false].map((there) => Object.keys(given).filter((key) => Object.hasOwn(before, key) === there))
  if (kept !== undefined && kept.length > 0) {
    await tagSecret(scope, name, Object.fromEntries(Object.entries(before).filter(([key]) => kept.includes(key))))
  }
  if (added !== undefined && added.length > 0) await untagSecret(scope, name, added)
}
