import { Type, type Static } from '@sinclair/typebox'
import { limits } from '#src/aws-model/limits'
import { AwsString, closed, Enum, Id, TagMap } from '#src/schema/types'
import { maximumNameLength, namePrefixPattern, secretNamePattern } from './names.ts'

export const environmentNamePattern = '^[a-z][a-z0-9-]{0,62}$'

const seconds = (description: string) => Type.Optional(Type.Number({ minimum: 0, maximum: 86_400, description }))

/** The times for which the values of secrets are cached. */
export const cacheTimes = {
  ttlSeconds: seconds('the time for which a value is used without asking AWS again; 0 keeps none'),
  staleIfErrorSeconds: seconds('the time for which a value is used after that if AWS does not answer')
}

/** The settings of the posture rules. */
const PostureSchema = Type.Object({
  rotatedWithinDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  unusedForDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  requiredTags: Type.Optional(Type.Array(AwsString('TagKeyType'), { uniqueItems: true, maxItems: limits.tagsPerSecret }))
}, closed)

/** The reply to a read of a secret that is scheduled for deletion: 404, as if it did not exist, or 409. */
export const pendingDeletions = ['absent', 'conflict'] as const

export type PendingDeletion = (typeof pendingDeletions)[number]

/** An environment in the configuration file, before the defaults are filled in. */
export const EnvironmentSchema = Type.Object({
  region: AwsString('RegionType'),
  account: Type.Optional(Type.String({ pattern: '^\\d{12}$' })),
  credential: Id(),
  allowedCredentials: Type.Optional(Type.Array(Id(), { uniqueItems: true })),
  namePrefix: Type.Optional(Type.String({ maxLength: maximumNameLength / 2, pattern: namePrefixPattern })),
  kmsKeyId: Type.Optional(AwsString('KmsKeyIdType', { minLength: 1 })),
  tags: Type.Optional(TagMap()),
  replicaRegions: Type.Optional(Type.Array(AwsString('RegionType'), { uniqueItems: true })),
  recoveryWindowInDays: Type.Optional(Type.Integer({
    minimum: limits.recoveryWindowInDays.min,
    maximum: limits.recoveryWindowInDays.max
  })),
  deletionProtection: Type.Optional(Type.Boolean()),
  pendingDeletion: Type.Optional(Enum(pendingDeletions)),
  requiredSecrets: Type.Optional(Type.Array(
    Type.String({ pattern: secretNamePattern, maxLength: maximumNameLength }),
    { uniqueItems: true }
  )),
  posture: Type.Optional(PostureSchema),
  cache: Type.Optional(Type.Object(cacheTimes, closed))
}, closed)

/** An environment with its defaults filled in. */
export interface Environment {
  readonly name: string
  /** The AWS region of the environment's secrets. */
  readonly region: string
  /** The ID of the AWS account that the environment's secrets are in. Credentials of other accounts are refused. */
  readonly account?: string
  /** The ID of the default credential. */
  readonly credential: string
  /** The IDs of all credentials that a request may use, including the default one. */
  readonly allowedCredentials: readonly string[]
  /** The prefix of the names that the environment's secrets have in AWS; may be empty. */
  readonly namePrefix: string
  /** The KMS key for new secrets. If absent, AWS uses `aws/secretsmanager`. */
  readonly kmsKeyId?: string
  /** The tags that every new secret gets. */
  readonly tags: Readonly<Record<string, string>>
  /** The regions that new secrets are replicated to. */
  readonly replicaRegions: readonly string[]
  /** The default number of days for which a deleted secret can be restored. */
  readonly recoveryWindowInDays: number
  /** True if deletion without a recovery window is refused. */
  readonly deletionProtection: boolean
  /** The default reply to a read of a secret that is scheduled for deletion. */
  readonly pendingDeletion: PendingDeletion
  /** The names of secrets that must exist in the environment. */
  readonly requiredSecrets: readonly string[]
  /** The settings of the posture rules. Absent settings have the defaults of AWS Security Hub. */
  readonly posture?: Static<typeof PostureSchema>
  /** The times for which values are cached, in seconds. An absent time defaults to the gateway-wide setting. */
  readonly cache?: { readonly ttlSeconds?: number, readonly staleIfErrorSeconds?: number }
}

/** An environment as a caller may see it, possibly without its default credential. */
export type VisibleEnvironment = Omit<Environment, 'credential'> & Partial<Pick<Environment, 'credential'>>

/** Returns an environment with its defaults filled in. */
export function environmentFrom (name: string, declared: Static<typeof EnvironmentSchema>): Environment {
  return {
    namePrefix: `${name}/`,
    tags: {},
    replicaRegions: [],
    recoveryWindowInDays: limits.recoveryWindowInDays.default,
    deletionProtection: false,
    pendingDeletion: 'conflict',
    requiredSecrets: [],
    ...declared,
    name,
    allowedCredentials: [...new Set([declared.credential, ...declared.allowedCredentials ?? []])]
  }
}
