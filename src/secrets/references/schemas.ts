import { Type, type Static } from '@sinclair/typebox'
import { Enum } from '#src/schema/types'
import { Name } from '#src/secrets/schemas'

const formats = [
  'ecs-task-definition', 'cloudformation', 'lambda-extension', 'terraform', 'external-secrets', 'kubernetes-secret'
] as const

export type ReferenceFormat = (typeof formats)[number]

const Reference = Type.Object({
  format: Enum(formats, { description: 'Where it goes' }),
  title: Type.String({ description: 'What it is', examples: ['ECS task definition: an entry of `secrets` of a container'] }),
  language: Type.String({ description: 'What it is written in', examples: ['json'] }),
  text: Type.Optional(Type.String({
    description: 'What to paste',
    examples: ['{{resolve:secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:dev/payments/db-AbCdEf:SecretString:password}}']
  })),
  unsupported: Type.Optional(Type.String({ description: 'Why there is none: the format can\'t name this key' }))
})

export type Reference = Static<typeof Reference>

export const References = Type.Object({
  name: Name,
  arn: Type.String({ description: 'The secret\'s ARN' }),
  region: Type.String({ description: 'The AWS region of the secret', examples: ['eu-west-1'] }),
  field: Type.Optional(Type.String({ description: 'The key of a JSON value that the references name', examples: ['password'] })),
  items: Type.Array(Reference, { description: 'One for each format' })
}, { $id: 'References', title: 'References', description: 'What to paste elsewhere to refer to a secret. Never holds the value.' })

export type References = Static<typeof References>
