import { Type, type Static } from '@sinclair/typebox'
import { closed, Enum, Id, ProblemRef } from '#src/schema/types'
import type { Counts as ResultCounts } from '#src/secrets/counts'
import { GenerateOptions } from '#src/secrets/random-password'
import { Description, FailOnError, Encoding, KmsKeyId, maximumItems, Name, Tags, Value, VersionId, Warnings } from '#src/secrets/schemas'
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
}, { ...closed, description: 'A secret. With neither `value` nor `generate`, it is created as a placeholder' })

/** The default settings of a bulk create. */
export const bulkDefaults = { concurrency: 8, timeoutSeconds: 3_600 }

export const BulkCreateBody = Type.Object({
  awsCredentialId: Type.Optional(Id({
    description: 'The same as the header `AWS-Credential-Id`',
    examples: ['local-dev']
  })),
  secretNames: Type.Optional(Type.Array(Name, {
    maxItems: maximumItems,
    description: 'The names of secrets to create as placeholders',
    examples: [['database-password', 'api-key']]
  })),
  secrets: Type.Optional(Type.Array(BulkItem, { maxItems: maximumItems })),
  onConflict: Type.Optional(Enum(['fail', 'skip', 'update'], {
    default: 'fail',
    description: 'What happens to an existing secret: it fails, is left unchanged, or gets the given value, description, key ' +
      'and tags. A value, or one key of it, is generated only if the secret has no value yet'
  })),
  restore: Type.Optional(Type.Boolean({
    default: false,
    description: 'Restore a secret that is scheduled for deletion; with `onConflict: update`, it is then changed to what the ' +
      'item specifies. By default, such a secret fails. It is never deleted without recovery'
  })),
  atomic: Type.Optional(Type.Boolean({
    default: false,
    description: 'All or nothing: checks all secrets first, and rolls back its changes if one fails. Secrets that it created ' +
      'are then deleted permanently'
  })),
  dryRun: Type.Optional(Type.Boolean({ default: false, description: 'Return the plan and write nothing' })),
  failOnError: Type.Optional(FailOnError),
  settings: Type.Optional(Type.Object({
    concurrency: Type.Optional(Type.Integer({
      minimum: 1, maximum: 64, default: bulkDefaults.concurrency,
      description: 'The number of secrets that are processed at the same time'
    })),
    timeoutSeconds: Type.Optional(Type.Integer({
      minimum: 1, maximum: 86_400, default: bulkDefaults.timeoutSeconds,
      description: 'The time after which no further secret is started'
    }))
  }, { ...closed, description: 'The concurrency and the time limit' }))
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
    settings: bulkDefaults
  }]
})

export const bulkResults = ['created', 'updated', 'skipped', 'restored', 'failed', 'rolled-back', 'not-started'] as const

export type BulkResult = (typeof bulkResults)[number]

export type BulkCounts = ResultCounts<BulkResult>

const stops = ['cancelled', 'timeout', 'shutdown', 'caller-gone', 'replica-lost'] as const

export type BulkStop = (typeof stops)[number]

export const BulkItemReply = Type.Object({
  name: Name,
  result: Enum(bulkResults, { description: 'The result' }),
  arn: Type.Optional(Type.String({ description: 'The secret\'s ARN, if the request created or restored it or gave it a new version, or if the ' +
    'caller may `DescribeSecret` or `GetSecretValue`' })),
  versionId: Type.Optional(VersionId),
  warnings: Type.Optional(Warnings),
  problem: Type.Optional(ProblemRef)
}, { $id: 'BulkItemReply', title: 'BulkItemReply', description: 'The result for one secret' })

export const Counts = Type.Object({
  created: Type.Integer({ description: 'New secrets' }),
  updated: Type.Integer({ description: 'Existing secrets that were changed to what the item specifies' }),
  skipped: Type.Integer({ description: 'Existing secrets that were left unchanged' }),
  restored: Type.Integer({ description: 'Secrets that were scheduled for deletion and have been restored' }),
  failed: Type.Integer({ description: 'Items with a problem' }),
  rolledBack: Type.Integer({ description: 'Secrets whose changes an atomic request has rolled back' }),
  notStarted: Type.Integer({ description: 'Items that were not started' })
} satisfies Record<keyof BulkCounts, unknown>, { description: 'The number of items with each result' })

const Stopped = Enum(stops, { description: 'The reason why the request was stopped before it had processed all items; absent if it was not stopped' })

export const BulkCreateReply = Type.Object({
  dryRun: Type.Boolean({ description: 'True for a dry run, which returns the plan' }),
  counts: Counts,
  stopped: Type.Optional(Stopped),
  secretArnMap: Type.Record(Type.String(), Type.String(), {
    description: 'The ARN of each secret that has an `arn` in `items`, by name',
    examples: [{ 'session-key': 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:dev/session-key-AbCdEf' }]
  }),
  items: Type.Array(Type.Unsafe<Static<typeof BulkItemReply>>({ $ref: 'BulkItemReply#' }), {
    description: 'The result for each secret, in the order of the request: first `secrets`, then `secretNames`'
  })
}, { $id: 'BulkCreateReply', title: 'BulkCreateReply' })

export type BulkCreateBody = Static<typeof BulkCreateBody>
