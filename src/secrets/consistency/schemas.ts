import { Type, type Static } from '@sinclair/typebox'
import { EnvironmentName } from '#src/environments/schemas'
import { Enum, ProblemRef } from '#src/schema/types'
import { Name } from '#src/secrets/schemas'
import { Unaddressable } from '#src/secrets/unaddressable'

const states = ['present', 'missing', 'placeholder', 'pending-deletion'] as const

export type ConsistencyState = (typeof states)[number]

const Cell = Type.Object({
  state: Enum(states, { description: 'A `placeholder` has been made without a value and waits for its first one' }),
  required: Type.Boolean({ description: 'Whether the environment must have it' }),
  group: Type.Optional(Type.Integer({
    minimum: 1,
    description: 'With `compareValues`: the environments of a row that have the same number hold the same value. Absent where there is ' +
      'no other value to compare it with, and where the caller may not compare this one'
  })),
  problem: Type.Optional(ProblemRef)
}, { description: 'What the environment has; a `problem` is why its value could not be compared' })

export const ConsistencyReport = Type.Object({
  environments: Type.Array(EnvironmentName, { description: 'The environments, as they were asked for', examples: [['dev', 'prod']] }),
  items: Type.Array(Type.Object({
    name: Name,
    differs: Type.Boolean({
      description: 'Whether the environments differ in it: in its state or, with `compareValues`, in its value. What the caller may not ' +
        'know of one of them is not taken for the same'
    }),
    environments: Type.Unsafe<Record<string, Static<typeof Cell>>>({
      type: 'object',
      additionalProperties: Cell,
      description: 'By environment; one in which the caller may not see the name is left out',
      examples: [{ dev: { state: 'present', required: false, group: 1 }, prod: { state: 'missing', required: true } }]
    })
  }), { description: 'One for each name, in the order of the names' }),
  unaddressable: Type.Optional(Type.Unsafe<Record<string, number>>({
    type: 'object',
    additionalProperties: Unaddressable,
    description: 'By environment: how many of its secrets are left out because of their names; absent where there are none',
    examples: [{ dev: 2 }]
  }))
}, { $id: 'ConsistencyReport', title: 'ConsistencyReport', description: 'Where environments differ. Never holds a value.' })
