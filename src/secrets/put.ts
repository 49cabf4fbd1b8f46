import type { WriteResult } from '#src/aws/port'
import type { SecretContent } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import type { ProblemCode } from '#src/problems/catalogue'
import { isProblem, Problem } from '#src/problems/problem'
import { compareAndSet } from './compare-and-set.ts'
import { underPrecondition, type Precondition } from './precondition.ts'
import { readSecret, type ReadSecret } from './read.ts'
import type { WrittenSecret } from './schemas.ts'
import { assertMay, type Scope } from './scope.ts'
import { newVersionId } from './tokens.ts'
import { createSecret } from './write.ts'

export interface PutOptions {
  precondition?: Precondition
  /** True to write a new version even if the secret already has this value. */
  force?: boolean
}

/** The result of a PUT; `created` is true if the secret did not exist before. */
export type PutSecret = WrittenSecret & { created: boolean }

/**
 * Writes a secret's value, unless the secret already has it. Creates the secret if it does not exist and the caller may create
 * it.
 *
 * @throws Problem `forbidden` if the secret must not exist and the caller may not create it, `precondition-failed`, and any AWS
 * error
 */
export async function putSecret (
  scope: Scope, name: SecretName, content: SecretContent, options: PutOptions = {}
): Promise<PutSecret> {
  const { precondition = {}, force = false } = options
  const { absent, present, versionId } = precondition
  if (absent) return createOrFail(scope, name, content)
  const current = force ? undefined : await readCurrent(scope, name)
  if (current !== undefined && hasSameContent(current, content) && (versionId === undefined || versionId === current.versionId)) {
    return { name, arn: current.arn, versionId: current.versionId, unchanged: true, created: false }
  }
  return underPrecondition(precondition, async () => versionId === undefined
    ? putOrCreate(scope, name, content, present)
    : { ...await compareAndSet(scope, name, versionId, content), created: false })
}

async function createOrFail (scope: Scope, name: SecretName, content: SecretContent): Promise<PutSecret> {
  assertMay(scope, 'CreateSecret', name)
  try {
    return { ...await createSecret(scope, name, { content }), created: true }
  } catch (error) {
    throw isProblem(error, 'secret-exists') ? new Problem('precondition-failed') : error
  }
}

async function putOrCreate (
  scope: Scope, name: SecretName, content: SecretContent, present: true | undefined
): Promise<PutSecret> {
  try {
    return { ...await put(scope, name, content), created: false }
  } catch (error) {
    if (!isProblem(error, 'secret-not-found') || present || !scope.may('CreateSecret', name)) throw error
  }
  try {
    return { ...await createSecret(scope, name, { content }), created: true }
  } catch (error) {
    // Another writer created the secret in the meantime.
    if (!isProblem(error, 'secret-exists')) throw error
    return { ...await put(scope, name, content), created: false }
  }
}

const put = async (scope: Scope, name: SecretName, content: SecretContent): Promise<WriteResult> =>
  scope.aws.putSecretValue(scope, name, content, { versionId: newVersionId(scope, name) })

/** If a read fails with one of these problems, a write would fail in the same way. */
const unanswered: ReadonlySet<ProblemCode> = new Set<ProblemCode>(['aws-timeout', 'aws-unavailable', 'caller-gone', 'overloaded'])

/**
 * Reads the current version, so that a write of the same value can be skipped. AWS advises against creating versions that change
 * nothing.
 *
 * @returns undefined if the write must not be skipped. It must not be skipped if the caller isn't allowed to read the secret,
 * because a skipped write would confirm a guessed value. Nor must it be skipped with an `Idempotency-Key`, because AWS recognizes
 * a repeated write only by the version that the first write created.
 */
export async function readCurrent (scope: Scope, name: SecretName): Promise<ReadSecret | undefined> {
  if (scope.idempotencyKey !== undefined || !scope.may('GetSecretValue', name)) return undefined
  try {
    return await readSecret(scope, name)
  } catch (error) {
    // The secret may not exist or may have no value yet. The write will report any other problem, unless it would only make the
    // caller wait for a second deadline.
    if (error instanceof Problem && !unanswered.has(error.code)) return undefined
    throw error
  }
}

/** Returns true if a secret's current value equals `content`, byte for byte. */
export function hasSameContent ({ content: current }: Pick<ReadSecret, 'content'>, content: SecretContent): boolean {
  if (typeof current === 'string' || typeof content === 'string') return current === content
  return Buffer.from(current).equals(content)
}
