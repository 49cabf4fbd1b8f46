import { Type, type Static } from '@sinclair/typebox'
import { limits } from '#src/aws-model/limits'
import { AwsString, closed, Id, TagMap } from '#src/schema/types'
import { maximumNameLength, namePrefixPattern, secretNamePattern } from './names.ts'

export const environmentNamePattern = '^[a-z][a-z0-9-]{0,62}$'

/** An environment in the configuration file. */
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
  requiredSecrets: Type.Optional(Type.Array(
    Type.String({ pattern: secretNamePattern, maxLength: maximumNameLength }),
    { uniqueItems: true }
  ))
}, closed)

/** An environment with its defaults filled in. */
export interface Environment {
  readonly name: string
  /** The AWS region that its secrets are in. */
  readonly region: string
  /** The AWS account that its secrets are in: a credential of another is refused. */
  readonly account?: string
  /** The ID of the credential that a request uses unless it names another. */
  readonly credential: string
  /** The IDs of all credentials that a request may name; the default one is among them. */
  readonly allowedCredentials: readonly string[]
  /** What AWS sees in front of each name; may be empty. */
  readonly namePrefix: string
  /** The KMS key of secrets made here; AWS's `aws/secretsmanager` where absent. */
  readonly kmsKeyId?: string
  /** Tags on every secret made here. */
  readonly tags: Readonly<Record<string, string>>
  /** The regions that every secret made here is replicated to. */
  readonly replicaRegions: readonly string[]
  readonly recoveryWindowInDays: number
  /** Whether deletion without a recovery window is refused. */
  readonly deletionProtection: boolean
  /** Names that the environment must have. */
  readonly requiredSecrets: readonly string[]
}

/** Fills in the defaults of an environment. */
export function environmentFrom (name: string, declared: Static<typeof EnvironmentSchema>): Environment {
  return {
    namePrefix: `${name}/`,
    tags: {},
    replicaRegions: [],
    recoveryWindowInDays: limits.recoveryWindowInDays.default,
    deletionProtection: false,
    requiredSecrets: [],
    ...declared,
    name,
    allowedCredentials: [...new Set([declared.credential, ...declared.allowedCredentials ?? []])]
  }
}
