import { Type, type Static } from '@sinclair/typebox'
import { EnvironmentName } from '#src/environments/schemas'
import { Enum, ProblemRef } from '#src/schema/types'
import { Name } from '#src/secrets/schemas'
import { Unaddressable } from '#src/secrets/unaddressable'

const states = ['present', 'missing', 'placeholder', 'pending-deletion'] as const

export type ConsistencyState = (typeof states)[number]

const Cell = Type.Object({
  state: Enum(states, { description: 'A `placeholder` was created without a value and has none yet' }),
  required: Type.Boolean({ description: 'True if the environment requires the secret' }),
  group: Type.Optional(Type.Integer({
    minimum: 1,
    description: 'With `compareValues`: environments of a row that have the same number have the same value. Absent if there ' +
      'is no other value to compare it with, or if the caller may not compare this one'
  })),
  problem: Type.Optional(ProblemRef)
}, { description: 'The state in the environment; `problem` is the reason why the value could not be compared' })

export const ConsistencyReport = Type.Object({
  environments: Type.Array(EnvironmentName, { description: 'The environments, in the order of the request', examples: [['dev', 'prod']] }),
  items: Type.Array(Type.Object({
    name: Name,
    differs: Type.Boolean({
      description: 'True if the states differ, or if the caller may see only some of them. With `compareValues`, also true if ' +
        'two values differ, or if a value could not be compared'
    }),
    environments: Type.Unsafe<Record<string, Static<typeof Cell>>>({
      type: 'object',
      additionalProperties: Cell,
      description: 'By environment. Environments in which the caller may not see the name are omitted',
      examples: [{ dev: { state: 'present', required: false, group: 1 }, prod: { state: 'missing', required: true } }]
    })
  }), { description: 'A row for each name, sorted by name' }),
  unaddressable: Type.Optional(Type.Unsafe<Record<string, number>>({
    type: 'object',
    additionalProperties: Unaddressable,
    description: 'By environment: the number of its secrets that are omitted because of their names; absent if there are none',
    examples: [{ dev: 2 }]
  }))
}, { $id: 'ConsistencyReport', title: 'ConsistencyReport', description: 'The differences between environments. It never ' +
  'contains a value.' })
