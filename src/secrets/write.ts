import { answered } from '../aws/errors.ts'
import type { Tag } from '../aws/types.ts'
import { compact } from '../compact.ts'
import type { Environment } from '../environments/environment.ts'
import { toAwsName, type SecretName } from '../environments/names.ts'
import { invalidRequest, isProblem, Problem } from '../errors.ts'
import type { SecretInput } from './input.ts'
import type { WrittenSecret } from './schemas.ts'
import { assertMay, clientRequestToken, type Scope } from './scope.ts'
import type { AwsValue } from './value.ts'

/** @throws Problem `secret-exists`, `secret-pending-deletion`, and as AWS answers */
export async function createSecret (scope: Scope, name: SecretName, input: SecretInput): Promise<WrittenSecret> {
  const { environment } = scope
  const tags = tagList(environment, input.tags)
  const reply = await scope.aws.createSecret({
    Name: toAwsName(environment, name),
    Description: input.description,
    KmsKeyId: input.kmsKeyId ?? environment.kmsKeyId,
    ...tags.length > 0 && { Tags: tags },
    ...input.value,
    ...clientRequestToken(scope, name)
  })
  return written(name, reply)
}

/** The environment's tags and these, in AWS's form. */
const tagList = (environment: Environment, tags: Readonly<Record<string, string>> = {}): Tag[] =>
  Object.entries({ ...tags, ...environment.tags }).map(([Key, Value]) => ({ Key, Value }))

/**
 * Writes a new version of the value; makes the secret where there is none and the caller may.
 *
 * @returns what was written, and whether the secret was made
 * @throws Problem as AWS answers
 */
export async function putSecret (scope: Scope, name: SecretName, value: AwsValue): Promise<WrittenSecret & { created: boolean }> {
  const put = async (): Promise<WrittenSecret & { created: boolean }> => {
    const reply = await scope.aws.putSecretValue({
      SecretId: toAwsName(scope.environment, name),
      ...value,
      ...clientRequestToken(scope, name)
    })
    return { ...written(name, reply), created: false }
  }
  try {
    return await put()
  } catch (error) {
    if (!isProblem(error, 'secret-not-found') || !scope.may('CreateSecret', name)) throw error
  }
  try {
    return { ...await createSecret(scope, name, { value }), created: true }
  } catch (error) {
    // Another writer made it in between.
    if (!isProblem(error, 'secret-exists')) throw error
    return put()
  }
}

/** Changes the description, the KMS key or the value. @throws Problem as AWS answers */
export async function updateSecret (scope: Scope, name: SecretName, input: Omit<SecretInput, 'tags'>): Promise<WrittenSecret> {
  const reply = await scope.aws.updateSecret({
    SecretId: toAwsName(scope.environment, name),
    Description: input.description,
    KmsKeyId: input.kmsKeyId,
    ...input.value,
    ...clientRequestToken(scope, name)
  })
  return written(name, reply)
}

/** @throws Problem as AWS answers */
export async function tagSecret (scope: Scope, name: SecretName, tags: Readonly<Record<string, string>>): Promise<void> {
  await scope.aws.tagResource({
    SecretId: toAwsName(scope.environment, name),
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  })
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
 * @throws Problem `forbidden`, `deletion-protected`, and as AWS answers
 */
export async function deleteSecret (scope: Scope, name: SecretName, options: {
  recoveryWindowInDays?: number
  force?: boolean
}): Promise<DeletedSecret> {
  const { environment } = scope
  const { recoveryWindowInDays, force = false } = options
  if (force) {
    if (recoveryWindowInDays !== undefined) {
      throw invalidRequest({ in: 'query', pointer: '/recoveryWindowInDays', message: 'must NOT be given together with force' })
    }
    assertMay(scope, 'ForceDeleteSecret', name)
    if (environment.deletionProtection) throw new Problem('deletion-protected')
  }
  const reply = await scope.aws.deleteSecret({
    SecretId: toAwsName(environment, name),
    ...force
      ? { ForceDeleteWithoutRecovery: true }
      : { RecoveryWindowInDays: recoveryWindowInDays ?? environment.recoveryWindowInDays }
  })
  return { name, arn: answered(reply.ARN), deletionDate: answered(reply.DeletionDate).toISOString() }
}

/** Cancels the deletion. @throws Problem as AWS answers */
export async function restoreSecret (scope: Scope, name: SecretName): Promise<WrittenSecret> {
  return written(name, await scope.aws.restoreSecret({ SecretId: toAwsName(scope.environment, name) }))
}

const written = (name: SecretName, reply: { ARN?: string | undefined, VersionId?: string | undefined }): WrittenSecret =>
  compact({ name, arn: answered(reply.ARN), versionId: reply.VersionId })
