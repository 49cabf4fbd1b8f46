import { Type, type Static } from '@sinclair/typebox'
import { closed, Id } from '../typebox.ts'
import { actions } from './actions.ts'
import type { Authorize, Question } from './decision.ts'

const all = '*'

/** A permission in the configuration. `*` stands for every action, or for every environment. */
export const GrantSchema = Type.Object({
  callers: Type.Optional(Type.Array(Id(), { minItems: 1, description: 'IDs of callers' })),
  groups: Type.Optional(Type.Array(Id(), { minItems: 1, description: 'groups of callers' })),
  actions: Type.Array(Type.Unsafe<string>({ enum: [all, ...actions] }), { minItems: 1 }),
  environments: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
  credentials: Type.Optional(Type.Array(Id(), { minItems: 1, description: 'IDs of credentials; any that the environment allows where absent' }))
}, closed)

export type Grant = Static<typeof GrantSchema>

const has = (list: readonly string[] | undefined, value: string): boolean => list?.includes(value) ?? false
const covers = (list: readonly string[], value: string): boolean => has(list, all) || has(list, value)

function grants (grant: Grant, { caller, action, environment, credentialId }: Question): boolean {
  const applies = has(grant.callers, caller.id) || caller.groups.some((group) => has(grant.groups, group))
  if (!applies || !covers(grant.environments, environment)) return false
  // Whoever may do anything in an environment may see it.
  return action === 'DescribeEnvironment' || (covers(grant.actions, action) && covers(grant.credentials ?? [all], credentialId))
}

/** Decides by the configuration's grants: what none of them allows is denied. */
export const grantsAuthorizer = (declared: readonly Grant[]): Authorize =>
  (question) => declared.some((grant) => grants(grant, question))
