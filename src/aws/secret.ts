import type { AnyName, SecretName } from '#src/environments/names'

/** Types for secrets in AWS, in the gateway's terms: names without prefixes, members in camelCase, and dates as `Date`. */

/** A secret's value: text, or bytes. AWS stores them in separate fields, `SecretString` and `SecretBinary`. */
export type SecretContent = string | Uint8Array

/** A version of a secret, with its value. */
export interface ReadSecret {
  name: SecretName
  arn: string
  versionId: string
  /** The version's staging labels. */
  versionStages: string[]
  createdDate: Date
  content: SecretContent
}

/** A secret without its value. */
export interface SecretMetadata<Name extends AnyName = SecretName> {
  name: Name
  arn: string
  /** A placeholder has no current version, and therefore no value. */
  state: 'active' | 'placeholder' | 'pending-deletion'
  /** The type of a managed external secret. */
  type?: string
  description?: string
  /** The KMS key that encrypts the secret. Absent if it is `aws/secretsmanager`. */
  kmsKeyId?: string
  tags?: Record<string, string>
  /** The staging labels of each version that has any, by version ID. */
  versions?: Record<string, string[]>
  rotation?: Rotation
  createdDate?: Date
  lastChangedDate?: Date
  /** The day on which a value was last read. AWS does not record the time of day. */
  lastAccessedDate?: Date
  deletedDate?: Date
  /** The AWS service that manages the secret. */
  owningService?: string
  /** For a replica, the region of the secret that it replicates. */
  primaryRegion?: string
  replicas?: Replica[]
}

export interface RotationRules {
  automaticallyAfterDays?: number
  /** The length of the rotation window, such as `3h`. */
  duration?: string
  /** A `rate(…)` or `cron(…)` expression. Its times are in UTC. */
  scheduleExpression?: string
}

export interface Rotation extends RotationRules {
  enabled: boolean
  lambdaArn?: string
  lastRotatedDate?: Date
  nextRotationDate?: Date
}

export interface Replica {
  region?: string
  kmsKeyId?: string
  status?: string
  statusMessage?: string
  lastAccessedDate?: Date
}

export interface SecretVersion {
  versionId: string
  /** Staging labels; absent for a deprecated version. */
  versionStages?: string[]
  createdDate?: Date
  lastAccessedDate?: Date
  kmsKeyIds?: string[]
}

/** Returns the ID of the AWSCURRENT version, or undefined for a placeholder. */
export const currentIn = ({ versions = {} }: { versions?: Readonly<Record<string, readonly string[]>> }): string | undefined =>
  Object.keys(versions).find((versionId) => versions[versionId]?.includes('AWSCURRENT'))

/** Returns true if the secret has a current version, which a placeholder lacks. */
export const hasValue = (secret: Parameters<typeof currentIn>[0]): boolean => currentIn(secret) !== undefined
