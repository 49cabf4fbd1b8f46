import { currentIn, type SecretContent, type SecretMetadata } from '#src/aws/secret'
import { Problem } from '#src/problems/problem'
import { compareAndSet } from '#src/secrets/compare-and-set'
import { hasSameContent } from '#src/secrets/put'
import { readSecret } from '#src/secrets/read'
import { tagSecret } from '#src/secrets/tags'
import { forPurpose } from '#src/secrets/tokens'
import { updateSecret } from '#src/secrets/write'
import { copiedTags } from './copied-tags.ts'
import { readOriginal, type Promotion } from './original.ts'

/**
 * Updates an existing secret to match the original. A description or a tag that only the existing secret has stays.
 *
 * @param existing the existing secret's metadata. If it has a current version, the value is replaced only if this version is
 * still current.
 * @throws Problem `precondition-failed` if another writer interferes, and any AWS error
 */
export async function updateCopy (promotion: Promotion, existing: SecretMetadata, dryRun: boolean): Promise<{
  result: 'updated' | 'unchanged'
  versionId?: string
}> {
  const { name, source, original, fromVersionId } = promotion
  const target = forPurpose(promotion.target, 'update')
  // If the caller may not see both secrets' details, everything is written. The result `unchanged` would reveal that the details
  // are the same.
  const seesDetails = source.may('DescribeSecret', name) && target.may('DescribeSecret', name)
  const description = seesDetails && original.description === existing.description ? undefined : original.description
  const tags = Object.entries(copiedTags(original, source.environment, target.environment))
    .filter(([key, value]) => !seesDetails || existing.tags?.[key] !== value)
  const expected = currentIn(existing)
  // Two placeholders are equal, because neither has a value.
  const arePlaceholders = fromVersionId === undefined && expected === undefined
  const mayCompare = source.may('CompareValues', name) && target.may('CompareValues', name)
  // A dry run calls `readOriginal` in two cases:
  // - The caller may compare the values.
  // - The original is a placeholder, but the secret to update in the target environment has a value. `readOriginal` then throws
  //   `secret-has-no-value`, because a placeholder can't replace a value.
  const isRead = !arePlaceholders && (!dryRun || mayCompare || fromVersionId === undefined)
  const content = isRead ? await readOriginal(promotion) : undefined
  const isSame = arePlaceholders || (mayCompare && content !== undefined && await holdsAlready(promotion, content))

  if (isSame && seesDetails && description === undefined && tags.length === 0) return { result: 'unchanged' }
  if (dryRun) return { result: 'updated' }
  const updateRest = async (): Promise<void> => {
    if (tags.length > 0) await tagSecret(target, name, Object.fromEntries(tags))
    if (description !== undefined) await updateSecret(target, name, { description })
  }
  if (isSame || content === undefined) {
    await updateRest()
    return { result: 'updated' }
  }
  if (expected !== undefined) return written(await compareAndSet(target, name, expected, content, updateRest))
  await updateRest()
  return written(await updateSecret(target, name, { content }))
}

const written = ({ versionId }: { versionId?: string }): { result: 'updated', versionId?: string } =>
  ({ result: 'updated', ...(versionId !== undefined && { versionId }) })

async function holdsAlready ({ name, target }: Promotion, content: SecretContent): Promise<boolean> {
  try {
    return hasSameContent(await readSecret(target, name), content)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    // The secret may have no value yet. The write will report any other problem.
    return false
  }
}
