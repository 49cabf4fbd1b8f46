import { Type, type Static } from '@sinclair/typebox'
import { closed, Enum, Id, ProblemRef } from '#src/schema/types'
import type { Counts as ResultCounts } from '#src/secrets/counts'
import { GenerateOptions } from '#src/secrets/random-password'
import { Description, Encoding, KmsKeyId, maximumItems, Name, Tags, Value, VersionId, Warnings } from '#src/secrets/schemas'
import { ValueType } from '#src/secrets/value-types'

const BulkItem = Type.Object({
  name: Name,
  value: Type.Optional(Value),
  encoding: Type.Optional(Encoding),
  type: Type.Optional(ValueType),
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
      'given here. A generated value is made only where there is none yet, and so is one with a generated key'
  })),
  restore: Type.Optional(Type.Boolean({
    default: false,
    description: 'Restore a name that AWS holds for deletion, as it was; with `onConflict: update` it is then given what the item says. ' +
      'Otherwise such a name fails. It is never force-deleted'
  })),
  atomic: Type.Optional(Type.Boolean({
    default: false,
    description: 'All or nothing: looks at all first, and puts back what it has changed where one fails. What it made is deleted for good'
  })),
  dryRun: Type.Optional(Type.Boolean({ default: false, description: 'Answer with the plan and write nothing' })),
  settings: Type.Optional(Type.Object({
    concurrency: Type.Optional(Type.Integer({ minimum: 1, maximum: 64, default: 8, description: 'Secrets under way at once' })),
    timeoutSeconds: Type.Optional(Type.Integer({
      minimum: 1, maximum: 86_400, default: 3_600, description: 'After so long no further secret is begun'
    }))
  }, { ...closed, description: 'How fast and how long' }))
}, {
  ...closed,
  examples: [{
    secretNames: ['database-password', 'api-key'],
    secrets: [
      { name: 'payments/db', value: { engine: 'postgres', username: 'app', password: 'correct horse' }, tags: { team: 'payments' } },
      { name: 'session-key', generate: { passwordLength: 48, excludePunctuation: true } },
      { name: 'cache', type: 'key-value', value: { host: 'cache.internal', user: 'app' }, generate: { into: 'password' } }
    ],
    onConflict: 'skip',
    settings: { concurrency: 8, timeoutSeconds: 3600 }
  }]
})

export const bulkResults = ['created', 'updated', 'skipped', 'restored', 'failed', 'rolled-back', 'not-started'] as const

export type BulkResult = (typeof bulkResults)[number]

export type BulkCounts = ResultCounts<BulkResult>

const stops = ['cancelled', 'timeout', 'shutdown', 'caller-gone'] as const

export type BulkStop = (typeof stops)[number]

export const BulkItemReply = Type.Object({
  name: Name,
  result: Enum(bulkResults, { description: 'What became of it' }),
  arn: Type.Optional(Type.String({ description: 'The secret\'s ARN, if the request wrote to the secret, or the caller may `DescribeSecret` or `GetSecretValue`' })),
  versionId: Type.Optional(VersionId),
  warnings: Type.Optional(Warnings),
  problem: Type.Optional(ProblemRef)
}, { $id: 'BulkItemReply', title: 'BulkItemReply', description: 'What became of one secret' })

export const Counts = Type.Object({
  created: Type.Integer({ description: 'New secrets' }),
  updated: Type.Integer({ description: 'Secrets that existed and were given what the item says' }),
  skipped: Type.Integer({ description: 'Secrets that existed and were left as they were' }),
  restored: Type.Integer({ description: 'Secrets that were scheduled for deletion' }),
  failed: Type.Integer({ description: 'Items with a problem' }),
  rolledBack: Type.Integer({ description: 'Secrets that an atomic request has put back as they were' }),
  notStarted: Type.Integer({ description: 'Items that it did not come to' })
} satisfies Record<keyof BulkCounts, unknown>, { description: 'How many items had each result' })

const Stopped = Enum(stops, { description: 'Why it did not come to all items; absent where it did' })

export const BulkCreateReply = Type.Object({
  dryRun: Type.Boolean({ description: 'Whether this is only the plan' }),
  counts: Counts,
  stopped: Type.Optional(Stopped),
  secretArnMap: Type.Record(Type.String(), Type.String(), {
    description: 'The ARN of each secret that has an `arn` in `items`, by name',
    examples: [{ 'session-key': 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:dev/session-key-AbCdEf' }]
  }),
  items: Type.Array(Type.Unsafe<Static<typeof BulkItemReply>>({ $ref: 'BulkItemReply#' }), {
    description: 'One for each secret, in the order of the request: first `secrets`, then `secretNames`'
  })
}, { $id: 'BulkCreateReply', title: 'BulkCreateReply' })

export type BulkCreateBody = Static<typeof BulkCreateBody>
