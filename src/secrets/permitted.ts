import { setImmediate } from 'node:timers/promises'
import type { Action } from '#src/authorization/actions'
import type { SecretName } from '#src/environments/names'
import type { Scope } from './scope.ts'

/** Decisions between which other requests have their turn: with many policies, one that is not kept takes a millisecond. */
const decisionsInARow = 50

/** Those of the secrets to which the caller may do this. */
export async function permitted (scope: Scope, action: Action, names: readonly SecretName[]): Promise<Set<SecretName>> {
  const found = new Set<SecretName>()
  for (const [index, name] of names.entries()) {
    if (index % decisionsInARow === decisionsInARow - 1) await setImmediate()
    if (scope.may(action, name)) found.add(name)
  }
  return found
}
