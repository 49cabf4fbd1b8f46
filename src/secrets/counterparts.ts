import type { Action } from '#src/authorization/actions'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import type { Scope } from './scope.ts'

/**
 * The effects that an operation on one secret can have on the secret of the same name in another region, which may belong to
 * another environment. Each effect lists the permissions that the caller needs in that environment.
 */
const effects = {
  /** A replica is created. If a secret of that name exists there, AWS does not replace it. */
  create: ['CreateSecret'],
  /** A replica is created. If a secret of that name exists there, it is first deleted without a recovery window. */
  overwrite: ['CreateSecret', 'DeleteSecret', 'ForceDeleteSecret'],
  /** A replica is deleted without a recovery window. */
  remove: ['DeleteSecret', 'ForceDeleteSecret'],
  /** A primary secret loses a replica. */
  release: ['RemoveRegionsFromReplication']
} as const satisfies Record<string, readonly Action[]>

/**
 * Checks the caller's permissions for an effect on the secrets of the same name in the given regions. Only secrets that belong to
 * other environments are checked. Without this check, an operation could replace or delete a secret of an environment that the
 * caller has no access to.
 *
 * @throws Problem `forbidden` if the caller lacks a permission in such an environment, or may not see the environment
 * @throws Problem `deletion-protected` if the effect deletes a secret without a recovery window, but the secret's environment
 * forbids this
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
