import { Type, type Static } from '@sinclair/typebox'
import { Enum } from '#src/schema/types'
import { Name } from '#src/secrets/schemas'

const formats = [
  'ecs-task-definition', 'cloudformation', 'lambda-extension', 'terraform', 'external-secrets', 'external-secrets-webhook',
  'kubernetes-secret'
] as const

export type ReferenceFormat = (typeof formats)[number]

const Reference = Type.Object({
  format: Enum(formats, { description: 'The format' }),
  title: Type.String({ description: 'A description of the format', examples: ['ECS task definition: an entry of `secrets` of a container'] }),
  language: Type.String({ description: 'The language of the snippet', examples: ['json'] }),
  text: Type.Optional(Type.String({
    description: 'The snippet to paste',
    examples: ['{{resolve:secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:dev/payments/db-AbCdEf:SecretString:password}}']
  })),
  unsupported: Type.Optional(Type.String({ description: 'The reason why there is no snippet: the format can\'t name this key, or its tool can\'t read through the gateway' }))
})

export type Reference = Static<typeof Reference>

export const References = Type.Object({
  name: Name,
  arn: Type.String({ description: 'The secret\'s ARN' }),
  region: Type.String({ description: 'The AWS region of the secret', examples: ['eu-west-1'] }),
  field: Type.Optional(Type.String({ description: 'The key of a JSON value that the references name', examples: ['password'] })),
  items: Type.Array(Reference, { description: 'A reference for each format' })
}, { $id: 'References', title: 'References', description: 'Snippets that refer to a secret in the formats of other tools. They ' +
  'never contain the value.' })

export type References = Static<typeof References>
