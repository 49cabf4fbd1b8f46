import pMap from 'p-map'
import { inBackground } from '#src/aws/pace'
import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import { currentIn, findSecret, isPlaceholderOf } from '#src/secrets/metadata'
import { permitted } from '#src/secrets/permitted'
import type { SecretMetadata } from '#src/secrets/schemas'
import type { Scope } from '#src/secrets/scope'
import { createToken, forPurpose, updateToken } from '#src/secrets/tokens'
import { createSecret } from '#src/secrets/write'
import { copiedTags } from './copied-tags.ts'
import { promotedNames } from './names.ts'
import { findOriginal, readOriginal, type Promotion } from './original.ts'
import type { PromotionBody, PromotionResult } from './schemas.ts'
import { updateCopy } from './update.ts'

/** What became of one secret, or with `dryRun` would. */
export interface PromotionOutcome {
  name: SecretName
  result: PromotionResult
  arn?: string
  versionId?: string
  fromVersionId?: string
  problem?: Problem
  /** The version of the original whose value was read, for the record of it. */
  readVersionId?: string
}

interface Options {
  onConflict: 'fail' | 'skip' | 'update'
  dryRun: boolean
  /** The version that must be current in the target. */
  expected?: string
}

const concurrentItems = 8

/**
 * Copies secrets from one environment to another, each on its own: one that fails does not hold up the others. Each is read with
 * the source's credential and written with the target's.
 *
 * @param signal begins no further secret once it is aborted
 * @throws Problem `invalid-request` with every mistake, before anything is written, and as AWS answers
 */
export async function promote (
  source: Scope, given: Scope, body: PromotionBody, signal: AbortSignal
): Promise<PromotionOutcome[]> {
  const target = forPurpose(given, 'promotion')
  const names = await promotedNames(source, target, body)
  const { onConflict = 'fail', expectedVersionIds = {}, dryRun = false } = body
  const allowed = await permitted(target, 'PromoteSecret', [...await permitted(source, 'PromoteSecret', names)])
  return inBackground(signal, async () => pMap(names, async (name) => {
    if (signal.aborted) return { name, result: 'not-started' as const }
    const expected = Object.hasOwn(expectedVersionIds, name) ? expectedVersionIds[name] : undefined
    let promotion: Promotion | undefined
    try {
      if (!allowed.has(name)) throw new Problem('forbidden')
      promotion = await findOriginal(source, target, name)
      return { ...await promoteOne(promotion, compact({ onConflict, dryRun, expected })), ...wasRead(promotion) }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return { name, result: 'failed' as const, problem: error, ...promotion !== undefined && wasRead(promotion) }
    }
  }, { concurrency: concurrentItems }))
}

const wasRead = ({ isRead, fromVersionId }: Promotion): { readVersionId?: string } =>
  isRead && fromVersionId !== undefined ? { readVersionId: fromVersionId } : {}

async function promoteOne (promotion: Promotion, { dryRun, onConflict, expected }: Options): Promise<PromotionOutcome> {
  const { name, target, fromVersionId } = promotion
  const existing = await findSecret(target, name)
  if (existing === undefined) {
    if (expected !== undefined) throw new Problem('precondition-failed')
    return compact({ name, result: 'created' as const, fromVersionId, ...!dryRun && await create(promotion) })
  }
  if (existing.state === 'pending-deletion') throw new Problem('secret-pending-deletion')
  const state = compact({ name, arn: existing.arn, fromVersionId, versionId: currentIn(existing) })
  const earlier = dryRun ? undefined : earlierRun(target, name, existing)
  if (earlier !== undefined) return { ...state, ...earlier }
  if (onConflict === 'fail') {
    if (!dryRun && fromVersionId === undefined && isPlaceholderOf(target, detailsOf(promotion), existing)) return { ...state, result: 'created' }
    throw new Problem('secret-exists')
  }
  if (onConflict === 'skip') return { ...state, result: 'skipped' }
  if (expected !== undefined && expected !== state.versionId) throw new Problem('precondition-failed')
  return { ...state, ...await updateCopy(promotion, existing, dryRun) }
}

async function create (promotion: Promotion): Promise<Pick<PromotionOutcome, 'arn' | 'versionId'>> {
  const { name, target, fromVersionId } = promotion
  const value = fromVersionId === undefined ? undefined : await readOriginal(promotion)
  const { arn, versionId } = await createSecret(target, name, compact({ ...detailsOf(promotion), value }))
  return compact({ arn, versionId })
}

/** What is copied beside the value. */
const detailsOf = ({ source, target, original }: Promotion): Pick<SecretMetadata, 'description' | 'tags'> =>
  compact({ description: original.description, tags: copiedTags(original, source.environment, target.environment) })

/**
 * The version that an earlier run of this request made, if it is current or was so before another write: AWS keeps the request's
 * token as the version's ID.
 */
function earlierRun (
  target: Scope, name: SecretName, { versions = {} }: SecretMetadata
): { result: 'created' | 'updated', versionId: string } | undefined {
  for (const [result, versionId] of [['created', createToken(target, name)], ['updated', updateToken(target, name)]] as const) {
    const stages = versionId === undefined ? [] : versions[versionId] ?? []
    if (versionId !== undefined && (stages.includes('AWSCURRENT') || stages.includes('AWSPREVIOUS'))) return { result, versionId }
  }
  return undefined
}
