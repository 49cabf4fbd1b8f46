import { Type, type Static } from '@sinclair/typebox'
import { closed } from '#src/schema/types'
import type { Caller } from './caller.ts'

const names = Type.Optional(Type.Array(Type.String({ minLength: 1 }), { uniqueItems: true }))

/** Who is in a group: callers of any kind by their IDs, and whoever comes with one of these groups, which is looked up once. */
export const GroupSchema = Type.Object({ callers: names, groups: names }, closed)

export type Groups = Readonly<Record<string, Static<typeof GroupSchema>>>

/** Puts a caller into the configuration's groups, beside those that it comes with. */
export function membership (groups: Groups): (caller: Caller) => Caller {
  const declared = Object.entries(groups).map(([name, { callers = [], groups: others = [] }]) =>
    ({ name, callers: new Set(callers), others: new Set(others) }))
  return (caller) => {
    const joined = declared.filter(({ callers, others }) =>
      callers.has(caller.id) || caller.groups.some((group) => others.has(group)))
    return { ...caller, groups: [...new Set([...caller.groups, ...joined.map(({ name }) => name)])] }
  }
}
