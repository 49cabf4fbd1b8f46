import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import { currentIn, describeSecret } from '#src/secrets/metadata'
import { readSecret } from '#src/secrets/read'
import type { SecretMetadata } from '#src/secrets/schemas'
import type { Scope } from '#src/secrets/scope'
import type { AwsValue } from '#src/secrets/value'

/** A secret on its way from one environment to another. */
export interface Promotion {
  name: SecretName
  source: Scope
  target: Scope
  original: SecretMetadata
  /** The version of the original that is current, and is copied; a placeholder has none. */
  fromVersionId?: string
  /** Whether its value was read. */
  isRead: boolean
}

/** Looks at what is to be copied. @throws Problem as AWS answers */
export async function findOriginal (source: Scope, target: Scope, name: SecretName): Promise<Promotion> {
  return ofSource(source, async () => {
    const original = await describeSecret(source, name)
    if (original.state === 'pending-deletion') throw new Problem('secret-pending-deletion')
    return compact({ name, source, target, original, fromVersionId: currentIn(original), isRead: false })
  })
}

/** The value of the version that was looked at. @throws Problem `secret-has-no-value` of a placeholder, and as AWS answers */
export async function readOriginal (promotion: Promotion): Promise<AwsValue> {
  const { name, source, fromVersionId } = promotion
  const { content } = await ofSource(source, async () => {
    if (fromVersionId === undefined) throw new Problem('secret-has-no-value')
    return readSecret(source, name, { versionId: fromVersionId })
  })
  promotion.isRead = true
  return typeof content === 'string' ? { SecretString: content } : { SecretBinary: content }
}

/** Says of a problem that it is the other environment's. */
async function ofSource<T> ({ environment }: Scope, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw new Problem(error.code, { ...error.options, detail: `In the environment ${environment.name}: ${error.message}` })
  }
}
