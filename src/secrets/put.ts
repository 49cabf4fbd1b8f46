import { toAwsName, type SecretName } from '#src/environments/names'
import { isProblem, Problem } from '#src/problems/problem'
import { compareAndSet } from './compare-and-set.ts'
import { underPrecondition, type Precondition } from './precondition.ts'
import { readSecret, type ReadSecret } from './read.ts'
import type { WrittenSecret } from './schemas.ts'
import type { Scope } from './scope.ts'
import { clientRequestToken } from './tokens.ts'
import type { AwsValue } from './value.ts'
import { createSecret } from './write.ts'
import { written } from './written.ts'

export interface PutOptions {
  precondition?: Precondition
  /** Write a new version also where the value is the current one already. */
  force?: boolean
}

/** What was written, and whether the secret was made. */
export type PutSecret = WrittenSecret & { created: boolean }

/**
 * Makes a value current: by a new version, or where there is no such secret and the caller may, by making it.
 *
 * @throws Problem `precondition-failed`, and as AWS answers
 */
export async function putSecret (scope: Scope, name: SecretName, value: AwsValue, options: PutOptions = {}): Promise<PutSecret> {
  const { precondition = {}, force = false } = options
  const { absent, present, versionId } = precondition
  if (absent) return createOrFail(scope, name, value)
  const current = force ? undefined : await readCurrent(scope, name)
  if (current !== undefined && holds(current, value) && (versionId === undefined || versionId === current.versionId)) {
    return { name, arn: current.arn, versionId: current.versionId, unchanged: true, created: false }
  }
  return underPrecondition(precondition, async () => versionId === undefined
    ? putOrCreate(scope, name, value, present)
    : { ...await compareAndSet(scope, name, versionId, value), created: false })
}

async function createOrFail (scope: Scope, name: SecretName, value: AwsValue): Promise<PutSecret> {
  if (!scope.may('CreateSecret', name)) throw new Problem('forbidden')
  try {
    return { ...await createSecret(scope, name, { value }), created: true }
  } catch (error) {
    throw isProblem(error, 'secret-exists') ? new Problem('precondition-failed') : error
  }
}

async function putOrCreate (scope: Scope, name: SecretName, value: AwsValue, present: true | undefined): Promise<PutSecret> {
  try {
    return await put(scope, name, value)
  } catch (error) {
    if (!isProblem(error, 'secret-not-found') || present || !scope.may('CreateSecret', name)) throw error
  }
  try {
    return { ...await createSecret(scope, name, { value }), created: true }
  } catch (error) {
    // Another writer made it in between.
    if (!isProblem(error, 'secret-exists')) throw error
    return put(scope, name, value)
  }
}

async function put (scope: Scope, name: SecretName, value: AwsValue): Promise<PutSecret> {
  const reply = await scope.aws.putSecretValue({
    SecretId: toAwsName(scope.environment, name),
    ...value,
    ...clientRequestToken(scope, name)
  })
  return { ...written(name, reply), created: false }
}

/**
 * The current version, to leave it alone where it holds the value already: AWS advises against versions that change nothing.
 * Whoever may not read the secret must not learn by writing whether a guess is right, and always writes. So does a write with
 * an `Idempotency-Key`: its version is what makes a late repetition harmless.
 */
export async function readCurrent (scope: Scope, name: SecretName): Promise<ReadSecret | undefined> {
  if (scope.idempotencyKey !== undefined || !scope.may('GetSecretValue', name)) return undefined
  try {
    return await readSecret(scope, name)
  } catch (error) {
    // Whatever keeps it from being read, the write itself will tell.
    if (error instanceof Problem) return undefined
    throw error
  }
}

/** Whether a secret's value is this one, byte for byte. */
export const holds = ({ content }: Pick<ReadSecret, 'content'>, value: AwsValue): boolean => 'SecretString' in value
  ? content === value.SecretString
  : typeof content !== 'string' && Buffer.from(content).equals(value.SecretBinary)
