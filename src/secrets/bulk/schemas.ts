import { Type, type Static } from '@sinclair/typebox'
import { closed, Enum, Id } from '../../schema.ts'
import { GenerateOptions } from '../random-password.ts'
import { Description, Encoding, KmsKeyId, Name, Tags, Value, VersionId } from '../schemas.ts'

/** Secrets in one request, those of `secrets` and of `secretNames` together. */
export const maximumItems = 10_000

const BulkItem = Type.Object({
  name: Name,
  value: Type.Optional(Value),
  encoding: Type.Optional(Encoding),
  generate: Type.Optional(GenerateOptions),
  description: Type.Optional(Description),
  kmsKeyId: Type.Optional(KmsKeyId),
  tags: Type.Optional(Tags)
}, { ...closed, description: 'A secret; one with neither `value` nor `generate` is made as a placeholder' })

export const BulkCreateBody = Type.Object({
  awsCredentialId: Type.Optional(Id({
    description: 'The same as the header `AWS-Credential-Id`',
    examples: ['local-dev']
  })),
  secretNames: Type.Optional(Type.Array(Name, {
    maxItems: maximumItems,
    description: 'Secrets to make as placeholders',
    examples: [['database-password', 'api-key']]
  })),
  secrets: Type.Optional(Type.Array(BulkItem, { maxItems: maximumItems })),
  onConflict: Type.Optional(Enum(['fail', 'skip', 'update'], {
    default: 'fail',
    description: 'What becomes of a secret that exists: it fails, is left as it is, or gets the value, description, key and tags ' +
      'given here. A generated value is made only where there is none yet'
  })),
  restore: Type.Optional(Type.Boolean({
    default: false,
    description: 'Restore a name that AWS holds for deletion; otherwise it fails. It is never force-deleted'
  })),
  dryRun: Type.Optional(Type.Boolean({ default: false, description: 'Answer with the plan and write nothing' }))
}, {
  ...closed,
  examples: [{
    secretNames: ['database-password', 'api-key'],
    secrets: [
      { name: 'payments/db', value: { engine: 'postgres', username: 'app', password: 'correct horse' }, tags: { team: 'payments' } },
      { name: 'session-key', generate: { passwordLength: 48, excludePunctuation: true } }
    ],
    onConflict: 'skip'
  }]
})

const results = ['created', 'updated', 'skipped', 'restored', 'failed'] as const

export type BulkResult = (typeof results)[number]

export const BulkCreateReply = Type.Object({
  dryRun: Type.Boolean({ description: 'Whether this is only the plan' }),
  counts: Type.Object({
    created: Type.Integer(),
    updated: Type.Integer(),
    skipped: Type.Integer(),
    restored: Type.Integer(),
    failed: Type.Integer()
  } satisfies Record<BulkResult, unknown>),
  secretArnMap: Type.Record(Type.String(), Type.String(), {
    description: 'The ARN of each secret that there is now, by name',
    examples: [{ 'session-key': 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:dev/session-key-AbCdEf' }]
  }),
  items: Type.Array(Type.Object({
    name: Name,
    result: Enum(results),
    arn: Type.Optional(Type.String()),
    versionId: Type.Optional(VersionId),
    problem: Type.Optional(Type.Unsafe<Record<string, unknown>>({ $ref: 'Problem#' }))
  }), { description: 'One for each secret, in the order of the request: first `secrets`, then `secretNames`' })
}, { $id: 'BulkCreateReply', title: 'BulkCreateReply' })

export type BulkCreateBody = Static<typeof BulkCreateBody>
export type GenerateOptions = Static<typeof GenerateOptions>
