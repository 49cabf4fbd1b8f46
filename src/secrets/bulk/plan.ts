import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import { findSecret, hasValue, isPlaceholderOf } from '#src/secrets/metadata'
import { holds, readCurrent } from '#src/secrets/put'
import type { SecretMetadata } from '#src/secrets/schemas'
import { assertMay, type Scope } from '#src/secrets/scope'
import { createToken, updateToken } from '#src/secrets/tokens'
import type { BulkItem } from './items.ts'
import type { BulkCreateBody, BulkResult } from './schemas.ts'

/** What became of one secret, or with `dryRun` would. */
export interface BulkOutcome {
  name: SecretName
  result: BulkResult
  arn?: string
  versionId?: string
  warnings?: string[]
  problem?: Problem
}

export type Conflicts = Required<Pick<BulkCreateBody, 'onConflict' | 'restore'>>

/** What is to be done about a secret that exists. */
export interface Plan {
  existing: SecretMetadata
  result: BulkResult
  restores: boolean
  /** What is given to it: of the item, what the request has it given and it has not yet. */
  gives: BulkItem
  warnings?: string[]
  /** The version that an earlier run of the same request has made of it, with a value that was generated. */
  versionId?: string
  /** An earlier run has made the secret with the value that the item says: AWS is asked whether it is that value. */
  repeats?: true
}

/**
 * What to do about an item, as the environment is now.
 *
 * @returns undefined where the secret is to be made
 * @throws Problem `secret-exists`, `secret-pending-deletion`, `forbidden`, and as AWS answers
 */
export async function planItem (scope: Scope, item: BulkItem, conflicts: Conflicts): Promise<Plan | undefined> {
  assertMay(scope, 'CreateSecret', item.name)
  const existing = await findSecret(scope, item.name)
  return existing === undefined ? undefined : planExisting(scope, item, existing, conflicts)
}

/** @throws Problem `secret-exists`, `secret-pending-deletion` or `forbidden` */
export async function planExisting (scope: Scope, item: BulkItem, existing: SecretMetadata, conflicts: Conflicts): Promise<Plan> {
  const { name } = item
  const nothing = { existing, restores: false, gives: { name } }
  const earlier = earlierRun(scope, item, existing)
  if (earlier !== undefined) {
    const { result, versionId } = earlier
    if (item.generate !== undefined) return { ...nothing, result, versionId }
    if (result === 'created') return { ...nothing, result, gives: item, repeats: true }
    assertMay(scope, 'UpdateSecret', name)
    const { tags, ...untagged } = item
    return { ...nothing, result, gives: untagged }
  }
  const restores = existing.state === 'pending-deletion'
  if (restores && !conflicts.restore) throw new Problem('secret-pending-deletion')
  if (restores) assertMay(scope, 'RestoreSecret', name)
  else if (conflicts.onConflict === 'fail') {
    if (!hasContent(item) && isPlaceholderOf(scope, item, existing)) return { ...nothing, result: 'created' }
    throw new Problem('secret-exists')
  }
  // Only with `update` can a run that was killed after the restoring be sent again, and end in the same state.
  if (conflicts.onConflict !== 'update') {
    return restores
      ? compact({ ...nothing, result: 'restored' as const, restores, warnings: hasContent(item) ? [keptValue] : undefined })
      : { ...nothing, result: 'skipped' }
  }
  if (isUpdate(compact({ ...item, generate: hasValue(existing) ? undefined : item.generate }))) assertMay(scope, 'UpdateSecret', name)
  if (item.tags !== undefined) assertMay(scope, 'TagResource', name)
  const gives = await whatDiffers(scope, item, existing)
  const changes = isUpdate(gives) || gives.tags !== undefined
  return { existing, result: restores ? 'restored' : changes ? 'updated' : 'skipped', restores, gives }
}

const keptValue = 'It has the value that it had when it was deleted: `onConflict` is not `update`.'

const hasContent = ({ value, generate }: BulkItem): boolean => (value ?? generate) !== undefined

/** Whether there is more to give than tags, which AWS keeps apart. */
export const isUpdate = (item: BulkItem): boolean => hasContent(item) || (item.description ?? item.kmsKeyId) !== undefined

/**
 * The item without what the secret has already: AWS advises against versions that change nothing, and whoever sends a file a
 * second time finds nothing changed. A value is compared where a PUT would, and the rest for who may look at it: nobody learns by
 * writing whether a guess is right.
 */
async function whatDiffers (scope: Scope, item: BulkItem, existing: SecretMetadata): Promise<BulkItem> {
  const { name, value, generate, description, kmsKeyId, tags = {} } = item
  const current = value !== undefined && hasValue(existing) ? await readCurrent(scope, name) : undefined
  const seen = scope.may('DescribeSecret', name) ? existing : undefined
  const missing = Object.entries(tags).filter(([key, value]) => seen?.tags?.[key] !== value)
  return compact({
    name,
    value: current !== undefined && value !== undefined && holds(current, value) ? undefined : value,
    generate: hasValue(existing) ? undefined : generate,
    description: seen !== undefined && description === (seen.description ?? '') ? undefined : description,
    kmsKeyId: kmsKeyId === seen?.kmsKeyId ? undefined : kmsKeyId,
    tags: missing.length === 0 ? undefined : Object.fromEntries(missing)
  })
}

/** What an earlier run of the same request has done: AWS keeps its tokens as the IDs of versions. */
function earlierRun (
  scope: Scope, item: BulkItem, { versions = {}, state }: SecretMetadata
): { result: BulkResult, versionId: string } | undefined {
  if (state === 'pending-deletion' || (item.value === undefined && item.generate === undefined)) return undefined
  for (const [result, versionId] of [['created', createToken(scope, item.name)], ['updated', updateToken(scope, item.name)]] as const) {
    if (versionId !== undefined && versions[versionId] !== undefined) return { result, versionId }
  }
  return undefined
}
