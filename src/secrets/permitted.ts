import type { Action } from '#src/authorization/actions'
import type { AnyName } from '#src/environments/names'
import { forEachInTurns } from '#src/scheduling/turns'
import type { Scope } from './scope.ts'

/**
 * Returns the secrets on which the caller may perform the action. Lets other work run in between, because a decision that is not
 * cached takes about a millisecond if there are many policies.
 */
export async function permitted<Name extends AnyName> (
  scope: Pick<Scope, 'may'>, action: Action, names: readonly Name[]
): Promise<Set<Name>> {
  const found = new Set<Name>()
  await forEachInTurns(names, (name) => { if (scope.may(action, name)) found.add(name) })
  return found
}

/** Does the same as `permitted` for secrets that AWS listed and the request does not name. */
export const permittedFound = async <Name extends AnyName>(
  { mayFound }: Scope, action: Action, names: readonly Name[]
): Promise<Set<Name>> => permitted({ may: mayFound }, action, names)
