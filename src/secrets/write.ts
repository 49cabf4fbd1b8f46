import { answered } from '#src/aws/errors'
import type { Tag } from '#src/aws/types'
import type { Environment } from '#src/environments/environment'
import { nameWarnings, toAwsName, type SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { invalidRequest, Problem } from '#src/problems/problem'
import { compareAndSet } from './compare-and-set.ts'
import type { SecretInput } from './input.ts'
import { describeSecret } from './metadata.ts'
import { assertCurrent, underPrecondition, type Precondition } from './precondition.ts'
import type { WrittenSecret } from './schemas.ts'
import { assertMay, type Scope } from './scope.ts'
import { clientRequestToken } from './tokens.ts'
import { written } from './written.ts'

/** @throws Problem `secret-exists`, `secret-pending-deletion`, and as AWS answers */
export async function createSecret (scope: Scope, name: SecretName, input: SecretInput): Promise<WrittenSecret> {
  const { environment } = scope
  const tags = tagList(environment, input.tags)
  const reply = await scope.aws.createSecret({
    Name: toAwsName(environment, name),
    Description: input.description,
    KmsKeyId: input.kmsKeyId ?? environment.kmsKeyId,
    ...tags.length > 0 && { Tags: tags },
    ...environment.replicaRegions.length > 0 && { AddReplicaRegions: environment.replicaRegions.map((Region) => ({ Region })) },
    ...input.value,
    ...clientRequestToken(scope, name)
  })
  return { ...written(name, reply), ...nameWarnings(name) }
}

/** The environment's tags and these, in AWS's form. */
const tagList = (environment: Environment, tags: Readonly<Record<string, string>> = {}): Tag[] =>
  Object.entries({ ...tags, ...environment.tags }).map(([Key, Value]) => ({ Key, Value }))

/**
 * Changes the description, the KMS key or the value.
 *
 * @param precondition holds for the value as a compare-and-set; the rest AWS can't be told to make depend on it
 * @throws Problem `precondition-failed`, and as AWS answers
 */
export async function updateSecret (
  scope: Scope, name: SecretName, { value, ...rest }: Omit<SecretInput, 'tags'>, precondition: Precondition = {}
): Promise<WrittenSecret> {
  const { versionId } = precondition
  return underPrecondition(precondition, async () => {
    if (value !== undefined && versionId !== undefined) {
      // The rest comes first: what fails then has not made the value current.
      const updateRest = async (): Promise<unknown> => Object.keys(rest).length === 0 ? undefined : update(scope, name, rest)
      return compareAndSet(scope, name, versionId, value, updateRest)
    }
    await assertCurrent(scope, name, precondition)
    return update(scope, name, compact({ ...rest, value }))
  })
}

async function update (scope: Scope, name: SecretName, input: Omit<SecretInput, 'tags'>): Promise<WrittenSecret> {
  const reply = await scope.aws.updateSecret({
    SecretId: toAwsName(scope.environment, name),
    Description: input.description,
    KmsKeyId: input.kmsKeyId,
    ...input.value,
    ...clientRequestToken(scope, name)
  })
  return written(name, reply)
}

export interface DeletedSecret {
  name: SecretName
  arn: string
  /** Until when the secret can be restored; RFC 3339. */
  deletionDate: string
}

/**
 * Schedules the secret's deletion, or with `force` deletes it at once; AWS answers a forced deletion of what does not exist
 * as if it had existed.
 *
 * @throws Problem `forbidden`, `deletion-protected`, `precondition-failed`, and as AWS answers
 */
export async function deleteSecret (scope: Scope, name: SecretName, options: {
  recoveryWindowInDays?: number
  force?: boolean
  precondition?: Precondition
}): Promise<DeletedSecret> {
  const { environment } = scope
  const { recoveryWindowInDays, force = false, precondition = {} } = options
  if (force) {
    if (recoveryWindowInDays !== undefined) {
      throw invalidRequest({ in: 'query', pointer: '/recoveryWindowInDays', message: 'must NOT be given together with force' })
    }
    assertMay(scope, 'ForceDeleteSecret', name)
    if (environment.deletionProtection) throw new Problem('deletion-protected')
  }
  const deletion = {
    SecretId: toAwsName(environment, name),
    ...force
      ? { ForceDeleteWithoutRecovery: true }
      : { RecoveryWindowInDays: recoveryWindowInDays ?? environment.recoveryWindowInDays }
  }
  return underPrecondition(precondition, async () => {
    // AWS deletes by force also what does not exist.
    if (force && precondition.present) await describeSecret(scope, name)
    await assertCurrent(scope, name, precondition)
    const reply = await scope.aws.deleteSecret(deletion)
    return { name, arn: answered(reply.ARN), deletionDate: answered(reply.DeletionDate).toISOString() }
  })
}

/** Cancels the deletion. @throws Problem as AWS answers */
export async function restoreSecret (scope: Scope, name: SecretName): Promise<WrittenSecret> {
  return written(name, await scope.aws.restoreSecret({ SecretId: toAwsName(scope.environment, name) }))
}
