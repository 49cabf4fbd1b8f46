import { setImmediate } from 'node:timers/promises'
import type { Action } from '#src/authorization/actions'
import type { AnyName } from '#src/environments/names'
import type { Scope } from './scope.ts'

/**
 * After this many decisions, `permitted` yields to the event loop. With many policies, an uncached decision takes about a
 * millisecond.
 */
const decisionsInARow = 50

/** Returns the secrets on which the caller may perform the action. */
export async function permitted<Name extends AnyName> (scope: Pick<Scope, 'may'>, action: Action, names: readonly Name[]): Promise<Set<Name>> {
  const found = new Set<Name>()
  for (const [index, name] of names.entries()) {
    if (index % decisionsInARow === decisionsInARow - 1) await setImmediate()
    if (scope.may(action, name)) found.add(name)
  }
  return found
}

/** Does the same as `permitted` for secrets that AWS listed and the request does not name. */
export const permittedFound = async <Name extends AnyName>(
  { mayFound }: Scope, action: Action, names: readonly Name[]
): Promise<Set<Name>> => permitted({ may: mayFound }, action, names)
