import pMap from 'p-map'
import { compact } from '../../compact.ts'
import type { SecretName } from '../../environments/names.ts'
import { isProblem, Problem } from '../../errors.ts'
import { describeSecret, hasValue } from '../metadata.ts'
import { randomPassword } from '../random-password.ts'
import type { SecretMetadata } from '../schemas.ts'
import { assertMay, type Scope } from '../scope.ts'
import { tagSecret } from '../tags.ts'
import { createSecret, restoreSecret, updateSecret } from '../write.ts'
import { bulkItems, type BulkItem } from './items.ts'
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

type Options = Required<Pick<BulkCreateBody, 'onConflict' | 'restore' | 'dryRun'>>

const concurrentItems = 8

/**
 * Makes the secrets of the request, each on its own: one that fails does not hold up the others.
 *
 * @throws Problem `invalid-request` with every mistake in the request, before anything is written
 */
export async function bulkCreate (scope: Scope, body: BulkCreateBody): Promise<BulkOutcome[]> {
  const { onConflict = 'fail', restore = false, dryRun = false } = body
  const options = { onConflict, restore, dryRun }
  return pMap(bulkItems(scope.environment, body), async (item) => {
    try {
      assertMay(scope, 'CreateSecret', item.name)
      return await (dryRun ? planItem(scope, item, options) : createItem(scope, item, options))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return { name: item.name, result: 'failed' as const, problem: error }
    }
  }, { concurrency: concurrentItems })
}

async function planItem (scope: Scope, item: BulkItem, options: Options): Promise<BulkOutcome> {
  try {
    const existing = await describeSecret(scope, item.name)
    return { name: item.name, result: resolve(scope, item, existing, options).result, arn: existing.arn }
  } catch (error) {
    if (!isProblem(error, 'secret-not-found')) throw error
    return { name: item.name, result: 'created' }
  }
}

/** Tries to create first: in an environment that lacks its secrets, that is the only call. */
async function createItem (scope: Scope, item: BulkItem, options: Options): Promise<BulkOutcome> {
  try {
    return { ...await createSecret(scope, item.name, await withValue(scope, item)), name: item.name, result: 'created' }
  } catch (error) {
    if (!isProblem(error, 'secret-exists') && !isProblem(error, 'secret-pending-deletion')) throw error
  }
  const existing = await describeSecret(scope, item.name)
  const { result, restores, updates, generates } = resolve(scope, item, existing, options)
  if (restores) await restoreSecret(scope, item.name)
  const versionId = updates ? await update(scope, generates ? await withValue(scope, item) : item) : undefined
  return compact({ name: item.name, result, arn: existing.arn, versionId })
}

interface Resolution {
  result: BulkResult
  restores: boolean
  updates: boolean
  generates: boolean
}

/**
 * What to do with a secret that exists already.
 *
 * @throws Problem `secret-exists`, `secret-pending-deletion` or `forbidden`
 */
function resolve (scope: Scope, item: BulkItem, existing: SecretMetadata, { onConflict, restore }: Options): Resolution {
  const restores = existing.state === 'pending-deletion'
  if (restores && !restore) throw new Problem('secret-pending-deletion')
  if (restores) assertMay(scope, 'RestoreSecret', item.name)
  else if (onConflict === 'fail') throw new Problem('secret-exists')
  // What comes back is given what the item says, as a secret that is made anew would be.
  const wanted = onConflict !== 'skip'
  const generates = item.generate !== undefined && !hasValue(existing)
  const writes = item.value !== undefined || item.description !== undefined || item.kmsKeyId !== undefined || generates
  const updates = wanted && (writes || item.tags !== undefined)
  if (updates && writes) assertMay(scope, 'UpdateSecret', item.name)
  if (updates && item.tags !== undefined) assertMay(scope, 'TagResource', item.name)
  return { result: restores ? 'restored' : updates ? 'updated' : 'skipped', restores, updates, generates }
}

async function withValue (scope: Scope, item: BulkItem): Promise<BulkItem> {
  return item.generate === undefined ? item : { ...item, value: { SecretString: await randomPassword(scope, item.generate) } }
}

async function update (scope: Scope, { name, value, description, kmsKeyId, tags }: BulkItem): Promise<string | undefined> {
  if (tags !== undefined) await tagSecret(scope, name, tags)
  if (value === undefined && description === undefined && kmsKeyId === undefined) return undefined
  const { versionId } = await updateSecret(scope, name, compact({ value, description, kmsKeyId }))
  return versionId
}
