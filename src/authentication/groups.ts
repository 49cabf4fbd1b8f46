import { Type, type Static } from '@sinclair/typebox'
import { getOrCreate } from '#src/collections/get-or-create'
import { closed } from '#src/schema/types'
import type { Caller } from './caller.ts'

const names = Type.Optional(Type.Array(Type.String({ minLength: 1 }), { uniqueItems: true }))

/**
 * The members of a group. A caller is a member if its ID is listed in `callers`, or if its key, token or AWS identity gives it a
 * group that is listed in `groups`. Membership is not transitive.
 */
export const GroupSchema = Type.Object({ callers: names, groups: names }, closed)

export type Groups = Readonly<Record<string, Static<typeof GroupSchema>>>

/** Creates a function that adds a caller's configured groups to the groups it already has. */
export function membership (groups: Groups): (caller: Caller) => Caller {
  const declared = Object.entries(groups).map(([name, { callers = [], groups: others = [] }]) =>
    ({ name, callers: new Set(callers), others: new Set(others) }))
  // All requests with the same API key or cached token share one caller object, so its groups are determined only once.
  const known = new WeakMap<Caller, Caller>()
  return (caller) => getOrCreate(known, caller, () => {
    const joined = declared.filter(({ callers, others }) =>
      callers.has(caller.id) || caller.groups.some((group) => others.has(group)))
    return { ...caller, groups: [...new Set([...caller.groups, ...joined.map(({ name }) => name)])] }
  })
}
