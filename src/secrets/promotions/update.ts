import { Problem } from '#src/problems/problem'
import { compareAndSet } from '#src/secrets/compare-and-set'
import { currentIn } from '#src/secrets/metadata'
import { holds } from '#src/secrets/put'
import { readSecret } from '#src/secrets/read'
import type { SecretMetadata } from '#src/secrets/schemas'
import { tagSecret } from '#src/secrets/tags'
import { forPurpose } from '#src/secrets/tokens'
import type { AwsValue } from '#src/secrets/value'
import { updateSecret } from '#src/secrets/write'
import { copiedTags } from './copied-tags.ts'
import { readOriginal, type Promotion } from './original.ts'

/**
 * Gives a secret that exists what the original has and it has not. Its value is replaced only while the version that was looked
 * at is current; what else it has stays.
 *
 * @throws Problem `precondition-failed` where another writer was there, and as AWS answers
 */
export async function updateCopy (promotion: Promotion, existing: SecretMetadata, dryRun: boolean): Promise<{
  result: 'updated' | 'unchanged'
  versionId?: string
}> {
  const { name, source, original, fromVersionId } = promotion
  const target = forPurpose(promotion.target, 'update')
  const description = original.description === existing.description ? undefined : original.description
  const tags = Object.entries(copiedTags(original, source.environment, target.environment))
    .filter(([key, value]) => existing.tags?.[key] !== value)
  const expected = currentIn(existing)
  // Of two placeholders it is known that they hold the same.
  const arePlaceholders = fromVersionId === undefined && expected === undefined
  const mayCompare = source.may('CompareValues', name) && target.may('CompareValues', name)
  // A plan reads only to compare; for a placeholder nothing is read, but it can't replace a value.
  const isRead = !arePlaceholders && (!dryRun || mayCompare || fromVersionId === undefined)
  const value = isRead ? await readOriginal(promotion) : undefined
  const isSame = arePlaceholders || (mayCompare && value !== undefined && await holdsAlready(promotion, value))

  if (isSame && description === undefined && tags.length === 0) return { result: 'unchanged' }
  if (dryRun) return { result: 'updated' }
  const updateRest = async (): Promise<void> => {
    if (tags.length > 0) await tagSecret(target, name, Object.fromEntries(tags))
    if (description !== undefined) await updateSecret(target, name, { description })
  }
  if (isSame || value === undefined) {
    await updateRest()
    return { result: 'updated' }
  }
  if (expected !== undefined) return written(await compareAndSet(target, name, expected, value, updateRest))
  await updateRest()
  return written(await updateSecret(target, name, { value }))
}

const written = ({ versionId }: { versionId?: string }): { result: 'updated', versionId?: string } =>
  ({ result: 'updated', ...(versionId !== undefined && { versionId }) })

async function holdsAlready ({ name, target }: Promotion, value: AwsValue): Promise<boolean> {
  try {
    return holds(await readSecret(target, name), value)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    // Whatever keeps it from being read, the write itself will tell.
    return false
  }
}
