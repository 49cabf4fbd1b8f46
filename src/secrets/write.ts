import type { WriteResult } from '#src/aws/port'
import { nameWarnings, newNameMistake, type SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { invalidRequest } from '#src/problems/problem'
import { compareAndSet } from './compare-and-set.ts'
import { assertMayElsewhere } from './counterparts.ts'
import type { SecretInput } from './input.ts'
import { assertCurrent, underPrecondition, type Precondition } from './precondition.ts'
import type { WrittenSecret } from './schemas.ts'
import { assertMay, type Scope } from './scope.ts'
import { newVersionId } from './tokens.ts'

/** Checks that a secret of this name may be created. @throws Problem `invalid-request` */
export function assertCreatable (name: SecretName): void {
  const message = newNameMistake(name)
  if (message !== undefined) throw invalidRequest({ in: 'path', pointer: '/name', message })
}

/**
 * Creates a secret, with the defaults of its environment.
 *
 * @throws Problem `invalid-request` for a name that only AWS services use
 * @throws Problem `forbidden` if a replica would be a secret of another environment in which the caller may not create it
 * @throws Problem `secret-exists`, `secret-pending-deletion`, and any AWS error
 */
export async function createSecret (scope: Scope, name: SecretName, input: SecretInput): Promise<WrittenSecret> {
  assertCreatable(name)
  const { environment } = scope
  assertMayElsewhere(scope, name, environment.replicaRegions, 'create')
  const secret = await scope.aws.createSecret(scope, name, {
    ...input,
    kmsKeyId: input.kmsKeyId ?? environment.kmsKeyId,
    tags: { ...input.tags, ...environment.tags },
    replicaRegions: environment.replicaRegions,
    versionId: newVersionId(scope, name)
  })
  return { ...secret, ...nameWarnings(name) }
}

/**
 * Changes a secret's description, KMS key or value.
 *
 * @param precondition may require a version. If `content` is given, compare-and-set checks the version and writes the value
 * atomically. Otherwise the version is checked only before the write, because AWS can't make other changes conditional.
 * @throws Problem `precondition-failed`, and any AWS error
 */
export async function updateSecret (
  scope: Scope, name: SecretName, { content, ...rest }: Omit<SecretInput, 'tags'>, precondition: Precondition = {}
): Promise<WrittenSecret> {
  const { versionId } = precondition
  return underPrecondition(precondition, async () => {
    if (content !== undefined && versionId !== undefined) {
      // The other changes come first, so that the value does not become current if they fail.
      const updateRest = async (): Promise<unknown> => Object.keys(rest).length === 0 ? undefined : update(scope, name, rest)
      return compareAndSet(scope, name, versionId, content, updateRest)
    }
    await assertCurrent(scope, name, precondition)
    return update(scope, name, compact({ ...rest, content }))
  })
}

/**
 * Does the same as `updateSecret`. If `input` contains a value, also checks that the caller may change the value.
 *
 * @throws Problem `forbidden`, `precondition-failed`, and any AWS error
 */
export async function patchSecret (
  scope: Scope, name: SecretName, input: Omit<SecretInput, 'tags'>, precondition: Precondition
): Promise<WrittenSecret> {
  if (input.content !== undefined) assertMay(scope, 'PutSecretValue', name)
  return updateSecret(scope, name, input, precondition)
}

const update = async (scope: Scope, name: SecretName, change: Omit<SecretInput, 'tags'>): Promise<WriteResult> =>
  scope.aws.updateSecret(scope, name, { ...change, versionId: newVersionId(scope, name) })
