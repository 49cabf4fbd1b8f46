import { Type, type Static } from '@sinclair/typebox'
import { closed, Enum, Id } from '../../typebox.ts'
import { GenerateOptions } from '../random-password.ts'
import { Description, Encoding, KmsKeyId, maximumItems, Name, Tags, Value, VersionId, Warnings } from '../schemas.ts'

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
    description: 'Restore a name that AWS holds for deletion, and give it what the item says unless `onConflict` is `skip`; otherwise ' +
      'such a name fails. It is never force-deleted'
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
    created: Type.Integer({ description: 'New secrets' }),
    updated: Type.Integer({ description: 'Secrets that existed and were given what the item says' }),
    skipped: Type.Integer({ description: 'Secrets that existed and were left as they were' }),
    restored: Type.Integer({ description: 'Secrets that were scheduled for deletion' }),
    failed: Type.Integer({ description: 'Items with a problem' })
  } satisfies Record<BulkResult, unknown>, { description: 'How many items had each result' }),
  secretArnMap: Type.Record(Type.String(), Type.String(), {
    description: 'The ARN of each secret that there is now, by name',
    examples: [{ 'session-key': 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:dev/session-key-AbCdEf' }]
  }),
  items: Type.Array(Type.Object({
    name: Name,
    result: Enum(results, { description: 'What became of it' }),
    arn: Type.Optional(Type.String({ description: 'The secret\'s ARN, where there is one' })),
    versionId: Type.Optional(VersionId),
    warnings: Type.Optional(Warnings),
    problem: Type.Optional(Type.Unsafe<Record<string, unknown>>({ $ref: 'Problem#' }))
  }), { description: 'One for each secret, in the order of the request: first `secrets`, then `secretNames`' })
}, { $id: 'BulkCreateReply', title: 'BulkCreateReply' })

export type BulkCreateBody = Static<typeof BulkCreateBody>
