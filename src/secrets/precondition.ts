import type { SecretName } from '#src/environments/names'
import { isProblem, Problem } from '#src/problems/problem'
import { currentIn, describeSecret } from './metadata.ts'
import type { Scope } from './scope.ts'

/** What a write demands of the state it finds. */
export interface Precondition {
  /** The secret must not exist. */
  absent?: true
  /** The secret must exist. */
  present?: true
  /** This version must be AWSCURRENT. */
  versionId?: string
}

/** The ID of the version that is AWSCURRENT; none of a placeholder. @throws Problem as AWS answers */
export async function currentVersion (scope: Scope, name: SecretName): Promise<string | undefined> {
  return currentIn(await describeSecret(scope, name))
}

/**
 * Does what demands that the secret exists.
 *
 * @throws Problem `precondition-failed` where it does not, and as the work does
 */
export async function underPrecondition<T> ({ present }: Precondition, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw present && isProblem(error, 'secret-not-found') ? new Problem('precondition-failed', { detail: 'There is no such secret.' }) : error
  }
}

/**
 * Looks whether the demanded version is current, for a write that AWS can't be told to make depend on it.
 *
 * @throws Problem `precondition-failed`, and as AWS answers
 */
export async function assertCurrent (scope: Scope, name: SecretName, { versionId }: Precondition): Promise<void> {
  if (versionId !== undefined && await currentVersion(scope, name) !== versionId) throw new Problem('precondition-failed')
}
