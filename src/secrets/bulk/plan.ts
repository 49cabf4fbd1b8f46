import { compareKmsKeys } from '#src/aws/kms-keys'
import { hasValue, type SecretMetadata } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import { assertMayElsewhere } from '#src/secrets/counterparts'
import { findSecret, isPlaceholderOf } from '#src/secrets/metadata'
import { hasSameContent, readCurrent } from '#src/secrets/put'
import { assertMay, seesSecret, type Scope } from '#src/secrets/scope'
import { earlierRun, forPurpose } from '#src/secrets/tokens'
import type { BulkItem } from './items.ts'
import type { BulkCreateBody, BulkResult } from './schemas.ts'

/** The outcome for one secret. In a dry run, it is the expected outcome. */
export interface BulkOutcome {
  name: SecretName
  result: BulkResult
  /** The ARN of an existing secret. If the run did not write to the secret, present only if the caller may learn it. */
  arn?: string
  versionId?: string
  warnings?: string[]
  problem?: Problem
}

export type Conflicts = Required<Pick<BulkCreateBody, 'onConflict' | 'restore'>>

/** The changes to an existing secret. */
export interface Plan {
  existing: SecretMetadata
  result: BulkResult
  restores: boolean
  /** The item, reduced to its name and the members that have to be written. */
  changes: BulkItem
  warnings?: string[]
  /** The ID of the version that an earlier run of the same request created with a generated value. */
  versionId?: string
  /**
   * True if an earlier run of the same request created the secret with the value in the request. The creation is then repeated,
   * so that AWS checks that the value is still the same. Absent if the value was generated.
   */
  repeats?: true
}

/**
 * Plans an item, depending on the secret's current state.
 *
 * @returns undefined if the secret has to be created
 * @throws Problem `secret-exists`, `secret-pending-deletion`, `forbidden`, and any AWS error
 */
export async function planItem (scope: Scope, item: BulkItem, conflicts: Conflicts): Promise<Plan | undefined> {
  assertMay(scope, 'CreateSecret', item.name)
  const existing = await findSecret(scope, item.name)
  if (existing !== undefined) return planExisting(scope, item, existing, conflicts)
  assertMayElsewhere(scope, item.name, scope.environment.replicaRegions, 'create')
  return undefined
}

/** Plans an item whose secret exists. @throws Problem `secret-exists`, `secret-pending-deletion` or `forbidden` */
export async function planExisting (scope: Scope, item: BulkItem, existing: SecretMetadata, conflicts: Conflicts): Promise<Plan> {
  const { name } = item
  const nothing = { existing, restores: false, changes: { name } }
  const earlier = earlierRunOf(scope, item, existing)
  if (earlier !== undefined) {
    const { result, versionId } = earlier
    if (item.generate !== undefined) return { ...nothing, result, versionId }
    if (result === 'created') return { ...nothing, result, changes: item, repeats: true }
    assertMayUpdate(scope, item)
    const { tags, ...untagged } = item
    return { ...nothing, result, changes: untagged }
  }
  const restores = existing.state === 'pending-deletion'
  if (restores && !conflicts.restore) throw new Problem('secret-pending-deletion')
  if (restores) assertMay(scope, 'RestoreSecret', name)
  else if (conflicts.onConflict === 'fail') {
    if (!hasContent(item) && isPlaceholderOf(scope, item, existing)) return { ...nothing, result: 'created' }
    throw new Problem('secret-exists')
  }
  // Only the mode `update` changes a secret after restoring it. In the other modes, such a change could be lost: if the run were
  // killed after the restore, a repeated request would find an active secret and leave it unchanged.
  if (conflicts.onConflict !== 'update') {
    return restores
      ? compact({ ...nothing, result: 'restored' as const, restores, warnings: hasContent(item) ? [keptValue] : undefined })
      : { ...nothing, result: 'skipped' }
  }
  // A value is generated only if the secret has none, so the result reveals whether the secret has a value.
  if (item.generate !== undefined && !scope.may('GetSecretValue', name)) assertMay(scope, 'DescribeSecret', name)
  const wanted = compact({ ...item, generate: hasValue(existing) ? undefined : item.generate })
  if (isUpdate(wanted)) assertMayUpdate(scope, wanted)
  if (item.tags !== undefined) assertMay(scope, 'TagResource', name)
  const changes = await changesTo(scope, item, existing)
  const isChanged = isUpdate(changes) || changes.tags !== undefined
  return { existing, result: restores ? 'restored' : isChanged ? 'updated' : 'skipped', restores, changes }
}

/**
 * Checks the permissions of a plan again before it is carried out, because the caller may have lost some of them meanwhile.
 *
 * @throws Problem `forbidden`
 */
export function assertMayCarryOut (scope: Scope, { name }: BulkItem, plan: Plan | undefined): void {
  assertMay(scope, 'CreateSecret', name)
  if (plan === undefined) {
    assertMayElsewhere(scope, name, scope.environment.replicaRegions, 'create')
    return
  }
  const { restores, repeats, changes } = plan
  if (restores) assertMay(scope, 'RestoreSecret', name)
  if (isUpdate(changes) && repeats === undefined) assertMayUpdate(scope, changes)
  if (changes.tags !== undefined && repeats === undefined) assertMay(scope, 'TagResource', name)
}

/** Returns the ARN of the plan's existing secret if the caller may learn it. */
export const visibleArn = (scope: Scope, plan: Plan | undefined): string | undefined =>
  plan !== undefined && seesSecret(scope, plan.existing.name) ? plan.existing.arn : undefined

/** Checks that the caller may update the secret. If the item has a value, also checks that the caller may store a value. */
function assertMayUpdate (scope: Scope, item: BulkItem): void {
  assertMay(scope, 'UpdateSecret', item.name)
  if (hasContent(item)) assertMay(scope, 'PutSecretValue', item.name)
}

const keptValue = 'It has the value that it had when it was deleted: `onConflict` is not `update`.'

const hasContent = ({ content, generate }: BulkItem): boolean => (content ?? generate) !== undefined

/** Returns true if the item changes anything other than tags. AWS has separate operations for tags. */
export const isUpdate = (item: BulkItem): boolean => hasContent(item) || (item.description ?? item.kmsKeyId) !== undefined

/**
 * Returns the item without the members that would not change the secret. AWS advises against versions that change nothing, and
 * sending the same file twice should change nothing. Values and details are compared only if the caller is allowed to read them.
 * Otherwise a skipped write would confirm a caller's guess.
 */
async function changesTo (scope: Scope, item: BulkItem, existing: SecretMetadata): Promise<BulkItem> {
  const { name, content, generate, description, kmsKeyId, tags = {} } = item
  const current = content !== undefined && hasValue(existing) ? await readCurrent(scope, name) : undefined
  const seen = scope.may('DescribeSecret', name) ? existing : undefined
  const missing = Object.entries(tags).filter(([key, value]) => seen?.tags?.[key] !== value)
  return compact({
    name,
    content: current !== undefined && content !== undefined && hasSameContent(current, content) ? undefined : content,
    generate: hasValue(existing) ? undefined : generate,
    description: seen !== undefined && description === (seen.description ?? '') ? undefined : description,
    kmsKeyId: kmsKeyId !== undefined && seen !== undefined && compareKmsKeys(kmsKeyId, seen.kmsKeyId) === 'same' ? undefined : kmsKeyId,
    tags: missing.length === 0 ? undefined : Object.fromEntries(missing)
  })
}

/**
 * Returns the scope in which the item is written. The version ID of a generated value differs from that of a given value; see
 * `forPurpose`.
 */
export const forItem = (scope: Scope, { generate }: BulkItem): Scope => generate === undefined ? scope : forPurpose(scope, 'generate')

/**
 * Returns the scope for an item that another process has begun. In this scope, an existing secret that matches the item counts as
 * that process's work.
 */
export const asRepeated = (scope: Scope): Scope => {
  const { idempotencyKey = scope.versionKey } = scope
  return idempotencyKey === undefined ? scope : { ...scope, idempotencyKey }
}

/** Returns the write of an earlier run of the same request, if its version still has a staging label. */
const earlierRunOf = (scope: Scope, item: BulkItem, { versions = {}, state }: SecretMetadata): ReturnType<typeof earlierRun> =>
  state === 'pending-deletion' || !hasContent(item)
    ? undefined
    : earlierRun(forItem(scope, item), item.name, (versionId) => versions[versionId] !== undefined)
