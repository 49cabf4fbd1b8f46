import { untilShown } from '#src/aws/eventual-consistency'
import { currentIn } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { isProblem, Problem } from '#src/problems/problem'
import type { Scope } from './scope.ts'

/** The state that a write requires the secret to be in. */
export interface Precondition {
  /** The secret must not exist. */
  absent?: true
  /** The secret must exist. */
  present?: true
  /** This version must be AWSCURRENT. */
  versionId?: string
}

/**
 * Returns the ID of the AWSCURRENT version, or undefined for a placeholder.
 *
 * @param expected the version that the caller requires to be current
 * @throws Problem for any AWS error
 */
export async function currentVersion (scope: Scope, name: SecretName, expected?: string): Promise<string | undefined> {
  return currentIn(await readExpecting(scope, name, expected, async () => scope.aws.describeSecret(scope, name), currentIn))
}

/**
 * Reads a secret. If the reply shows an unexpected current version, it may be outdated, so the secret is read again for a while.
 *
 * @param currentOf returns the ID of the current version in a reply
 * @throws Problem for any AWS error
 */
export async function readExpecting<Reply> (
  scope: Scope, name: SecretName, expected: string | undefined,
  ask: () => Promise<Reply>, currentOf: (reply: Reply) => string | undefined
): Promise<Reply> {
  let reply = await ask()
  await untilShown(scope, async () => {
    if (expected === undefined || currentOf(reply) === expected || !scope.aws.mayBeCurrent(scope, name, expected)) return true
    reply = await ask()
    return undefined
  })
  return reply
}

/**
 * Runs `work`. If the secret must exist, but `work` finds that it does not, reports a failed precondition.
 *
 * @throws Problem `precondition-failed`, and anything else that `work` throws
 */
export async function underPrecondition<T> ({ present }: Precondition, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw present && isProblem(error, 'secret-not-found') ? new Problem('precondition-failed', { detail: 'There is no such secret.' }) : error
  }
}

/**
 * Checks that the required version is current, before a write that AWS can't make conditional. Another writer may still change
 * the secret between the check and the write.
 *
 * @throws Problem `precondition-failed`, and any AWS error
 */
export async function assertCurrent (scope: Scope, name: SecretName, { versionId }: Precondition): Promise<void> {
  if (versionId !== undefined && await currentVersion(scope, name, versionId) !== versionId) throw new Problem('precondition-failed')
}
