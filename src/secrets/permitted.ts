import type { Action } from '#src/authorization/actions'
import type { AnyName } from '#src/environments/names'
import { forEachInTurns } from '#src/scheduling/turns'
import type { Scope } from './scope.ts'

/**
 * Returns the secrets on which the caller may perform the action. Lets other work run in between, because a decision that is not
 * cached takes about a millisecond if there are many policies.
 */
export async function permitted<Name extends AnyName> (scope: Scope, action: Action, names: readonly Name[]): Promise<Set<Name>> {
  const found = new Set<Name>()
  await forEachInTurns(names, (name) => { if (scope.may(action, name)) found.add(name) })
  return found
}
