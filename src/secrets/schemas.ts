import { Type, type Static } from '@sinclair/typebox'
import { limits } from '#src/aws-model/limits'
import { shapes } from '#src/aws-model/shapes'
import { maximumNameLength, secretNamePattern } from '#src/environments/names'
import { AwsString, closed, Enum, TagMap } from '#src/schema/types'

/** The JSON forms of secrets in requests and replies. Field names are AWS's, in camelCase. */

/** The maximum number of secrets in one request. */
export const maximumItems = 10_000

/** An option of bulk creates and promotions. */
export const FailOnError = Type.Boolean({
  default: false,
  description: 'Reply with 409 `some-failed` instead of a success if any secret failed or was not started, so that a pipeline ' +
    'stops. The other secrets are processed all the same. Applies to dry runs as well'
})

export const Name = Type.String({
  minLength: 1,
  maxLength: maximumNameLength,
  pattern: secretNamePattern,
  description: 'The secret\'s name, without the environment\'s prefix: letters, digits and `/_+=.@!-`; `!` only if an AWS service created the secret',
  examples: ['payments/db']
})

export const VersionId = AwsString('SecretVersionIdType', {
  description: 'AWS\'s ID of a version',
  examples: ['a1b2c3d4-5678-90ab-cdef-1234567890ab']
})

export const VersionStage = AwsString('SecretVersionStageType', { description: 'A staging label', examples: ['AWSCURRENT'] })

const Arn = Type.String({
  description: 'The secret\'s ARN, with the six characters that AWS adds to the name',
  examples: ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:dev/payments/db-AbCdEf']
})

export const Timestamp = (description: string): ReturnType<typeof Type.String> =>
  Type.String({ format: 'date-time', description, examples: ['2026-11-21T08:30:00.000Z'] })

export const Tags = TagMap({
  description: 'Tags in addition to those that the environment sets on every new secret; at most 50 in total',
  examples: [{ team: 'payments' }]
})

export const Description = AwsString('DescriptionType', { examples: ['The payments database'] })

export const KmsKeyId = AwsString('KmsKeyIdType', {
  description: 'The KMS key: an ARN, ID or alias. Defaults to that of the environment, or else to `aws/secretsmanager`',
  examples: ['alias/dev-secrets']
})

export const Encoding = Enum(['text', 'base64'], {
  default: 'text',
  description: '`text`, or `base64` for a binary value'
})

export const Value = Type.Unsafe<string | Record<string, unknown>>({
  // This is `anyOf`, because some generators of API clients can't handle a list of types in `type`.
  anyOf: [{ type: 'string' }, { type: 'object', additionalProperties: true }],
  description: `The value: text, bytes in base64, or a JSON object, which is stored as JSON text with each number as it is written. 1 to ${shapes.SecretStringType.max.toLocaleString('en')} bytes`,
  examples: ['correct horse battery staple', { engine: 'postgres', host: 'db.internal', username: 'app', password: 'correct horse' }]
})

export const Warnings = Type.Array(Type.String(), { description: 'What to know about the secret, such as a name that AWS advises against, or a setting of the environment that it lacks' })

/** The reply to a write of a secret. */
export const WrittenSecret = Type.Object({
  name: Name,
  arn: Arn,
  versionId: Type.Optional(VersionId),
  unchanged: Type.Optional(Type.Boolean({ description: 'True if the value was already current, so that no version was created' })),
  warnings: Type.Optional(Warnings)
}, { $id: 'WrittenSecret', title: 'WrittenSecret', description: 'The secret that was written. A secret that was created ' +
  'without a value has no `versionId`.' })

export const SecretValue = Type.Object({
  name: Name,
  arn: Arn,
  versionId: VersionId,
  versionStages: Type.Array(VersionStage),
  createdDate: Timestamp('The time at which the version was created'),
  encoding: Encoding,
  value: Type.String({
    description: 'The text, or the bytes in base64',
    examples: ['correct horse battery staple']
  }),
  json: Type.Optional(Type.Unknown({
    description: 'With `parse=true`: the same value as JSON, with its text as it is stored. A number can have more digits than the client can represent, ' +
      'and an object can have the same key twice',
    examples: [{ username: 'app', port: 5432 }]
  }))
}, { $id: 'SecretValue', title: 'SecretValue', description: 'A version of a secret, with its value.' })

export const SecretMetadata = Type.Object({
  name: Name,
  arn: Arn,
  state: Enum(['active', 'placeholder', 'pending-deletion'], {
    description: 'A placeholder was created without a value and has none yet'
  }),
  type: Type.Optional(Type.String({ description: 'AWS\'s type of a managed external secret' })),
  description: Type.Optional(Description),
  kmsKeyId: Type.Optional(Type.String({ description: 'The KMS key; absent if it is `aws/secretsmanager`' })),
  tags: Type.Optional(Type.Record(Type.String(), Type.String(), { examples: [{ team: 'payments' }] })),
  versions: Type.Optional(Type.Record(Type.String(), Type.Array(VersionStage), {
    description: 'The staging labels of each version that has any, by version ID',
    examples: [{ 'a1b2c3d4-5678-90ab-cdef-1234567890ab': ['AWSCURRENT'] }]
  })),
  rotation: Type.Optional(Type.Object({
    enabled: Type.Boolean({ description: 'True if rotation is enabled' }),
    lambdaArn: Type.Optional(Type.String({ description: 'The ARN of the rotation function' })),
    automaticallyAfterDays: Type.Optional(Type.Integer({ description: 'The number of days between rotations' })),
    duration: Type.Optional(Type.String({ description: 'The length of the rotation window', examples: ['3h'] })),
    scheduleExpression: Type.Optional(Type.String({ description: 'The schedule', examples: ['rate(30 days)'] })),
    pendingVersionId: Type.Optional(Type.String({
      description: 'The version of a rotation that has begun and not succeeded. While `enabled` is true, the rotation is in progress, ' +
        'or it has failed and AWS will attempt it again. Otherwise, it was cancelled. Absent if the last rotation has succeeded',
      examples: ['a1b2c3d4-5678-90ab-cdef-1234567890ab']
    })),
    lastRotatedDate: Type.Optional(Timestamp('The time of the last rotation that succeeded')),
    nextRotationDate: Type.Optional(Timestamp('The latest time of the next rotation'))
  }, { description: 'Absent if rotation was never configured' })),
  createdDate: Type.Optional(Timestamp('The time at which the secret was created')),
  lastChangedDate: Type.Optional(Timestamp('The time of the last change')),
  lastAccessedDate: Type.Optional(Timestamp('The day on which a value was last read')),
  deletedDate: Type.Optional(Timestamp('The time at which the deletion was requested')),
  owningService: Type.Optional(Type.String({ description: 'The AWS service that manages it' })),
  primaryRegion: Type.Optional(Type.String({ description: 'The region of the secret that it replicates' })),
  replicas: Type.Optional(Type.Array(Type.Object({
    region: Type.Optional(Type.String({ description: 'The region of the replica', examples: ['eu-central-1'] })),
    kmsKeyId: Type.Optional(Type.String({ description: 'The KMS key of the replica' })),
    status: Type.Optional(Type.String({
      description: '`InProgress` while AWS replicates a change, then `InSync` or `Failed`. After `Failed`, the replica may be missing or ' +
        'have an old value. `PUT …/replicas` attempts the replication again'
    })),
    statusMessage: Type.Optional(Type.String({ description: 'The reason, if the replication failed' })),
    lastAccessedDate: Type.Optional(Timestamp('The day on which the replica was last read'))
  }), { description: 'The replicas in other regions' }))
}, { $id: 'SecretMetadata', title: 'SecretMetadata', description: 'The metadata of a secret, which never contain its value.' })

export const SecretVersion = Type.Object({
  versionId: VersionId,
  hasValue: Type.Optional(Type.Boolean({
    description: 'False for a version that a rotation has created and not given a value yet; absent for all others'
  })),
  versionStages: Type.Optional(Type.Array(VersionStage, { description: 'Absent for a deprecated version' })),
  createdDate: Type.Optional(Timestamp('The time at which the version was created')),
  lastAccessedDate: Type.Optional(Timestamp('The day on which it was last read')),
  kmsKeyIds: Type.Optional(Type.Array(Type.String(), {
    description: 'The KMS keys it is encrypted with; `DefaultEncryptionKey` is `aws/secretsmanager`',
    examples: [['DefaultEncryptionKey']]
  }))
}, { $id: 'SecretVersion', title: 'SecretVersion' })

const filterValue = (description: string, example: string): ReturnType<typeof AwsString> =>
  AwsString('FilterValueStringType', { minLength: 1, description: `${description}. A leading \`!\` negates`, examples: [example] })

export const NamePrefix = Type.String({
  minLength: 1,
  maxLength: maximumNameLength,
  // In an environment without a prefix, AWS would interpret a leading `!` as a negation.
  pattern: '^(?!!)[A-Za-z0-9/_+=.@!-]+$',
  description: 'The beginning of the name, without the environment\'s prefix; case-sensitive',
  examples: ['payments/']
})

/** The filters of lists. AWS applies all of them except `tag`, which only the gateway applies. */
export const ListFilters = Type.Object({
  namePrefix: Type.Optional(NamePrefix),
  tag: Type.Optional(Type.Array(Type.String({
    pattern: '^[^=]{1,128}=[\\s\\S]{0,256}$',
    description: 'A tag\'s key, `=` and its value',
    examples: ['team=payments']
  }), {
    minItems: 1,
    maxItems: limits.tagsPerSecret,
    description: 'Tags that the secret has, each as its key, `=` and its whole value. The key ends at the first `=`. May be repeated ' +
      'for further tags',
    examples: [['team=payments']]
  })),
  description: Type.Optional(filterValue('AWS\'s filter `description`: beginnings of words of the description', 'database')),
  tagKey: Type.Optional(filterValue('AWS\'s filter `tag-key`: the beginning of any tag\'s key; case matters', 'team')),
  tagValue: Type.Optional(filterValue('AWS\'s filter `tag-value`: the beginning of any tag\'s value, whatever its key; case matters', 'payments')),
  all: Type.Optional(filterValue('AWS\'s filter `all`: beginnings of words of the name, the description and the tags', 'payments'))
})

/**
 * The filters that select the values to read. They match exactly. AWS's own filters match loosely, so they could select too many
 * values.
 */
export const ValueFilters = Type.Object({
  namePrefix: Type.Optional(NamePrefix),
  tags: Type.Optional(TagMap({
    minProperties: 1,
    description: 'Tags that the secret has, each with exactly this value. The caller must also be allowed to see the secret',
    examples: [{ team: 'payments' }]
  }))
}, { ...closed, minProperties: 1, examples: [{ namePrefix: 'payments/' }, { tags: { team: 'payments' } }] })

export type ListFilters = Static<typeof ListFilters>
export type ValueFilters = Static<typeof ValueFilters>
export type SecretMetadata = Static<typeof SecretMetadata>
export type SecretVersion = Static<typeof SecretVersion>
export type WrittenSecret = Static<typeof WrittenSecret>
export type SecretValue = Static<typeof SecretValue>
