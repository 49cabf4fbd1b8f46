import { currentIn, type SecretContent, type SecretMetadata } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import { readSecret } from '#src/secrets/read'
import type { Scope } from '#src/secrets/scope'

/** The promotion of one secret from one environment to another. */
export interface Promotion {
  name: SecretName
  source: Scope
  target: Scope
  original: SecretMetadata
  /** The ID of the version to copy: the original's current version. Absent if the original is a placeholder. */
  fromVersionId?: string
  /** True once the value has been read. */
  isRead: boolean
}

/** Looks up the secret to copy. @throws Problem `secret-pending-deletion`, and any AWS error */
export async function findOriginal (source: Scope, target: Scope, name: SecretName): Promise<Promotion> {
  return ofSource(source, async () => {
    const original = await source.aws.describeSecret(source, name)
    if (original.state === 'pending-deletion') throw new Problem('secret-pending-deletion')
    return compact({ name, source, target, original, fromVersionId: currentIn(original), isRead: false })
  })
}

/**
 * Reads the original's value, in the version that `findOriginal` found.
 *
 * @throws Problem `secret-has-no-value` for a placeholder, and any AWS error
 */
export async function readOriginal (promotion: Promotion): Promise<SecretContent> {
  const { name, source, fromVersionId } = promotion
  const { content } = await ofSource(source, async () => {
    if (fromVersionId === undefined) throw new Problem('secret-has-no-value')
    return readSecret(source, name, { versionId: fromVersionId })
  })
  promotion.isRead = true
  return content
}

/** Runs `work`. If it throws a problem, adds the name of the source environment to the problem's detail. */
async function ofSource<T> ({ environment }: Scope, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw new Problem(error.code, { ...error.options, detail: `In the environment ${environment.name}: ${error.message}` })
  }
}
