import type { Action } from '#src/authorization/actions'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import type { Scope } from './scope.ts'

/**
 * What an operation does to a secret of the same name in another region. Each effect takes the permissions that the caller would
 * need to bring it about in the environment that the secret belongs to.
 */
const effects = {
  /** A replica is created. AWS never replaces an existing secret. */
  create: ['CreateSecret'],
  /** A replica is created, and an existing secret is deleted for it, without a recovery window. */
  overwrite: ['CreateSecret', 'DeleteSecret', 'ForceDeleteSecret'],
  /** A replica is deleted without a recovery window. */
  remove: ['DeleteSecret', 'ForceDeleteSecret'],
  /** A primary secret loses a replica. */
  release: ['RemoveRegionsFromReplication']
} as const satisfies Record<string, readonly Action[]>

/**
 * Checks the caller's permissions in the other environments to which a secret in one of the regions belongs. Without them, an
 * operation on a secret could replace or delete the secret of an environment that the caller has no access to.
 *
 * @throws Problem `forbidden` if the caller lacks a permission, also if the caller may not see the environment
 * @throws Problem `deletion-protected` if the effect deletes a secret for good, and the environment does not allow that
 */
export function assertMayElsewhere (
  scope: Scope, name: SecretName, regions: readonly (string | undefined)[], effect: keyof typeof effects
): void {
  const affected = scope.counterparts(name).filter(({ region }) => regions.includes(region))
  const actions: readonly Action[] = effects[effect]
  if (!affected.every(({ may }) => actions.every(may))) throw new Problem('forbidden')
  const isProtected = affected.find(({ deletionProtection }) => deletionProtection)
  if (isProtected === undefined || !actions.includes('ForceDeleteSecret')) return
  throw new Problem('deletion-protected', {
    detail: `The environment to which this name belongs in ${isProtected.region} is protected against deletion without recovery.`
  })
}
