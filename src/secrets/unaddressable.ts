import { Type } from '@sinclair/typebox'
import type { Action } from '#src/authorization/actions'
import type { UnaddressableName } from '#src/environments/names'
import type { Scope } from './scope.ts'

/** The number of secrets that a reply leaves out because of their names. */
export const Unaddressable = Type.Integer({
  minimum: 1,
  description: 'Secrets that the caller may see and that are left out, because no path can hold their names, such as `a//b`. Only AWS\'s ' +
    'own API reaches them. Absent where there are none'
})

/** Counts the names on which the caller may perform the action; undefined if there are none. */
export function countUnaddressable (scope: Scope, action: Action, names: readonly UnaddressableName[] = []): number | undefined {
  const count = names.filter((name) => scope.may(action, name)).length
  return count === 0 ? undefined : count
}
