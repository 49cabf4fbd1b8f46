import pMap from 'p-map'
import { currentIn, type SecretMetadata } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import { assertMayElsewhere } from '#src/secrets/counterparts'
import { findSecret, isPlaceholderOf } from '#src/secrets/metadata'
import { permitted } from '#src/secrets/permitted'
import { inBackground, seesSecret, type Scope } from '#src/secrets/scope'
import { earlierRun, forPurpose } from '#src/secrets/tokens'
import { assertCreatable, createSecret } from '#src/secrets/write'
import { copiedTags } from './copied-tags.ts'
import { promotedNames } from './names.ts'
import { findOriginal, readOriginal, type Promotion } from './original.ts'
import type { PromotionBody, PromotionResult } from './schemas.ts'
import { updateCopy } from './update.ts'

/** The outcome for one secret. In a dry run, the expected outcome. */
export interface PromotionOutcome {
  name: SecretName
  result: PromotionResult
  /** `arn` and `versionId` are present if the promotion wrote to the secret, or if the caller may learn them. */
  arn?: string
  versionId?: string
  /** Present if the caller may learn it. */
  fromVersionId?: string
  problem?: Problem
  /** The ID of the version whose value was read from the source, for the audit trail. Absent if no value was read. */
  readVersionId?: string
}

/**
 * The outcomes for all secrets of a promotion. `unaddressable` is the number of secrets that were left out because the gateway
 * can't address them. It is absent if there are none.
 */
export interface PromotionOutcomes {
  outcomes: PromotionOutcome[]
  unaddressable?: number
}

interface Options {
  onConflict: 'fail' | 'skip' | 'update'
  dryRun: boolean
  /** The ID of the version that must be current in the target. */
  expected?: string
}

const concurrentItems = 8

/**
 * Copies secrets from one environment to another. If a secret fails, the others are still copied. Every secret is read with the
 * source's credential, and written with the target's credential.
 *
 * @param signal once it is aborted, no further secrets are processed
 * @throws Problem `invalid-request` with all errors, and any AWS error during the search for missing secrets. Nothing has been
 * written in either case.
 */
export async function promote (
  source: Scope, given: Scope, body: PromotionBody, signal: AbortSignal
): Promise<PromotionOutcomes> {
  const target = forPurpose(given, 'promotion')
  const { names, unaddressable } = await promotedNames(source, target, body)
  // AWS's list may lack secrets that this environment already has.
  const { onConflict = body.missing === true ? 'skip' : 'fail', expectedVersionIds = {}, dryRun = false } = body
  const allowed = await permitted(target, 'PromoteSecret', [...await permitted(source, 'PromoteSecret', names)])
  const [from, to] = [inBackground(source, signal), inBackground(target, signal)]
  const outcomes = await pMap(names, async (name) => {
    if (signal.aborted) return { name, result: 'not-started' as const }
    const expected = Object.hasOwn(expectedVersionIds, name) ? expectedVersionIds[name] : undefined
    let promotion: Promotion | undefined
    try {
      if (!allowed.has(name)) throw new Problem('forbidden')
      promotion = await findOriginal(from, to, name)
      return { ...await promoteOne(promotion, compact({ onConflict, dryRun, expected })), ...wasRead(promotion) }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return { name, result: 'failed' as const, problem: error, ...promotion !== undefined && wasRead(promotion) }
    }
  }, { concurrency: concurrentItems })
  return compact({ outcomes, unaddressable })
}

const wasRead = ({ isRead, fromVersionId }: Promotion): { readVersionId?: string } =>
  isRead && fromVersionId !== undefined ? { readVersionId: fromVersionId } : {}

async function promoteOne (promotion: Promotion, { dryRun, onConflict, expected }: Options): Promise<PromotionOutcome> {
  const { name, source, target } = promotion
  const existing = await findSecret(target, name)
  const fromVersionId = seesSecret(source, name) ? promotion.fromVersionId : undefined
  if (existing === undefined) {
    if (expected !== undefined) throw new Problem('precondition-failed')
    assertCreatable(name)
    assertMayElsewhere(target, name, target.environment.replicaRegions, 'create')
    return compact({ name, result: 'created' as const, fromVersionId, ...!dryRun && await create(promotion) })
  }
  if (existing.state === 'pending-deletion') throw new Problem('secret-pending-deletion')
  const { arn } = existing
  const current = currentIn(existing)
  const state = compact({ name, fromVersionId, ...seesSecret(target, name) && { arn, versionId: current } })
  const earlier = dryRun ? undefined : earlierRunOf(target, name, existing)
  if (earlier !== undefined) return { ...state, arn, ...earlier }
  if (onConflict === 'fail') {
    const mayBeOurs = !dryRun && promotion.fromVersionId === undefined && source.may('DescribeSecret', name)
    if (mayBeOurs && isPlaceholderOf(target, detailsOf(promotion), existing)) return { ...state, result: 'created' }
    throw new Problem('secret-exists')
  }
  if (onConflict === 'skip') return { ...state, result: 'skipped' }
  if (expected !== undefined && expected !== current) throw new Problem('precondition-failed')
  const updated = await updateCopy(promotion, existing, dryRun)
  return { ...state, ...updated.versionId !== undefined && { arn }, ...updated }
}

async function create (promotion: Promotion): Promise<Pick<PromotionOutcome, 'arn' | 'versionId'>> {
  const { name, target, fromVersionId } = promotion
  const content = fromVersionId === undefined ? undefined : await readOriginal(promotion)
  const { arn, versionId } = await createSecret(target, name, compact({ ...detailsOf(promotion), content }))
  return compact({ arn, versionId })
}

/** Returns the details that are copied along with the value. */
const detailsOf = ({ source, target, original }: Promotion): Pick<SecretMetadata, 'description' | 'tags'> =>
  compact({ description: original.description, tags: copiedTags(original, source.environment, target.environment) })

/** Returns the write of an earlier run of the same request, if its version is still AWSCURRENT or AWSPREVIOUS. */
const earlierRunOf = (target: Scope, name: SecretName, { versions = {} }: SecretMetadata): ReturnType<typeof earlierRun> =>
  earlierRun(target, name, (versionId) => ['AWSCURRENT', 'AWSPREVIOUS'].some((stage) => versions[versionId]?.includes(stage)))
