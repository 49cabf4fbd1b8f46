import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { invalidRequest, Problem } from '#src/problems/problem'
import { assertCurrent, underPrecondition, type Precondition } from './precondition.ts'
import { detachReplicas } from './replicas.ts'
import type { WrittenSecret } from './schemas.ts'
import { assertMay, type Scope } from './scope.ts'
import { applySettings } from './settings.ts'

export interface DeletedSecret {
  name: SecretName
  arn: string
  /** The end of the recovery window (RFC 3339). */
  deletionDate: string
}

/** Checks that the caller may delete the secret without a recovery window. @throws Problem `forbidden`, `deletion-protected` */
export function assertMayForce (scope: Scope, name: SecretName): void {
  assertMay(scope, 'ForceDeleteSecret', name)
  if (scope.environment.deletionProtection) throw new Problem('deletion-protected')
}

/**
 * Schedules the secret's deletion or, with `force`, deletes it without a recovery window. A forced deletion succeeds even if the
 * secret does not exist, unless `precondition` requires that it exists. With `detachReplicas`, the secret's replicas are deleted
 * first.
 *
 * @throws Problem `invalid-request`, `forbidden`, `deletion-protected`, `precondition-failed`, `secret-has-replicas`, and any AWS
 * error
 */
export async function deleteSecret (scope: Scope, name: SecretName, options: {
  recoveryWindowInDays?: number
  force?: boolean
  detachReplicas?: boolean
  precondition?: Precondition
}): Promise<DeletedSecret> {
  const { environment } = scope
  const { recoveryWindowInDays, force = false, detachReplicas: detaches = false, precondition = {} } = options
  if (force) {
    if (recoveryWindowInDays !== undefined) {
      throw invalidRequest({ in: 'query', pointer: '/recoveryWindowInDays', message: 'must NOT be given together with force' })
    }
    assertMayForce(scope, name)
  }
  if (detaches) assertMay(scope, 'RemoveRegionsFromReplication', name)
  const deletion = force
    ? { force } as const
    : { recoveryWindowInDays: recoveryWindowInDays ?? environment.recoveryWindowInDays }
  return underPrecondition(precondition, async () => {
    // AWS's forced deletion succeeds even if the secret does not exist, so its existence is checked first.
    if (force && precondition.present) await scope.aws.describeSecret(scope, name)
    await assertCurrent(scope, name, precondition)
    if (detaches) await detachReplicas(scope, name)
    const { deletionDate, ...secret } = await scope.aws.deleteSecret(scope, name, deletion)
    return { ...secret, deletionDate: deletionDate.toISOString() }
  })
}

/**
 * Cancels a scheduled deletion, and applies the environment's settings to the secret again: the secret has lost its replicas, and
 * the settings may have changed since the deletion. A setting that can't be applied causes a warning instead of an error, because
 * the secret has been restored in any case.
 *
 * @throws Problem for any AWS error during the restore
 */
export async function restoreSecret (scope: Scope, name: SecretName): Promise<WrittenSecret> {
  const restored = await scope.aws.restoreSecret(scope, name)
  return compact({ ...restored, warnings: await applySettings(scope, name) })
}
