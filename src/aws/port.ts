import type { SecretName } from '#src/environments/names'
import type { Problem } from '#src/problems/problem'
import type { AwsCall } from './call.ts'
import type { ReadSecret, Replica, RotationRules, SecretContent, SecretMetadata, SecretVersion } from './secret.ts'

/**
 * AWS Secrets Manager, as the gateway uses it: one function for each operation, with names and types of the gateway's own. Every
 * function rejects with a `Problem` for whatever AWS, the credential or the network refuses. Caches, deadlines and fakes can
 * stand in front of it as implementations of the same interface.
 */
export interface SecretsPort {
  batchGetSecretValue: (call: AwsCall, request: BatchRequest) => Promise<Page<BatchResult>>
  cancelRotateSecret: (call: AwsCall, name: SecretName) => Promise<WriteResult>
  createSecret: (call: AwsCall, name: SecretName, secret: NewSecret) => Promise<WriteResult>
  deleteResourcePolicy: (call: AwsCall, name: SecretName) => Promise<WriteResult>
  deleteSecret: (call: AwsCall, name: SecretName, deletion: Deletion) => Promise<DeletedSecret>
  describeSecret: (call: AwsCall, name: SecretName) => Promise<SecretMetadata>
  getRandomPassword: (call: AwsCall, options: PasswordOptions) => Promise<string>
  getResourcePolicy: (call: AwsCall, name: SecretName) => Promise<SecretPolicy>
  getSecretValue: (call: AwsCall, name: SecretName, version?: VersionSelector) => Promise<ReadSecret>
  listSecrets: (call: AwsCall, request: ListRequest) => Promise<Page<SecretMetadata>>
  listSecretVersionIds: (call: AwsCall, name: SecretName, request: VersionsRequest) => Promise<Page<SecretVersion>>
  putResourcePolicy: (call: AwsCall, name: SecretName, policy: string, options: PolicyOptions) => Promise<WriteResult>
  putSecretValue: (call: AwsCall, name: SecretName, content: SecretContent, version?: NewVersion) => Promise<WriteResult>
  removeRegionsFromReplication: (call: AwsCall, name: SecretName, regions: readonly string[]) => Promise<ReplicatedSecret>
  replicateSecretToRegions: (call: AwsCall, name: SecretName, replication: NewReplicas) => Promise<ReplicatedSecret>
  restoreSecret: (call: AwsCall, name: SecretName) => Promise<WriteResult>
  /** The result's `versionId` is that of the version that the rotation creates. */
  rotateSecret: (call: AwsCall, name: SecretName, rotation: RotationRequest) => Promise<WriteResult>
  /** Turns the replica in the environment's region into a secret of its own. */
  stopReplicationToReplica: (call: AwsCall, name: SecretName) => Promise<WriteResult>
  tagResource: (call: AwsCall, name: SecretName, tags: Tags) => Promise<void>
  untagResource: (call: AwsCall, name: SecretName, keys: readonly string[]) => Promise<void>
  updateSecret: (call: AwsCall, name: SecretName, change: SecretChange) => Promise<WriteResult>
  updateSecretVersionStage: (call: AwsCall, name: SecretName, stage: string, move: StageMove) => Promise<WriteResult>
  validateResourcePolicy: (call: AwsCall, name: SecretName, policy: string) => Promise<PolicyFindings>
}

export type Tags = Readonly<Record<string, string>>

/** A page of results. It may be empty although another one follows. */
export interface Page<Item> {
  items: Item[]
  nextCursor?: string
}

interface PageRequest {
  /** The most entries that AWS puts on the page. */
  limit?: number | undefined
  /** The `nextCursor` of the page before. */
  cursor?: string | undefined
}

/** AWS's filters; each matches as AWS documents it. The environment's prefix always applies, too. */
export interface SecretFilters {
  namePrefix?: string
  description?: string
  tagKey?: string
  tagValue?: string
  all?: string
}

export interface ListRequest extends PageRequest {
  filters?: SecretFilters | undefined
  includePlannedDeletion?: boolean | undefined
  sort?: { by: SortKey, descending: boolean } | undefined
}

export type SortKey = 'name' | 'createdDate' | 'lastChangedDate' | 'lastAccessedDate'

export interface VersionsRequest extends PageRequest {
  /** Also list versions without a staging label. */
  includeDeprecated?: boolean | undefined
}

/** The secrets to read: by name, at most 20, or by filters. */
export type BatchRequest = PageRequest & ({ names: readonly SecretName[] } | { filters: SecretFilters })

/** A secret's current value, or the problem that AWS has with reading it. */
export type BatchResult = { name: SecretName, secret: ReadSecret } | { name: SecretName, problem: Problem }

/** The version to read: AWSCURRENT by default. */
export interface VersionSelector {
  versionId?: string | undefined
  versionStage?: string | undefined
}

/** A secret that was written; with `versionId` if AWS reports a version. */
export interface WriteResult {
  name: SecretName
  arn: string
  versionId?: string
}

interface Idempotent {
  /**
   * The ID of the version that the write creates. A repeated write with the same ID and value changes nothing, and with another
   * value fails with `idempotency-conflict`. By default the SDK generates one for each call.
   */
  versionId?: string | undefined
}

export interface NewVersion extends Idempotent {
  /** The version's staging labels; AWSCURRENT by default. */
  stages?: readonly string[]
}

export interface SecretChange extends Idempotent {
  content?: SecretContent | undefined
  description?: string | undefined
  kmsKeyId?: string | undefined
}

export interface NewSecret extends SecretChange {
  tags: Tags
  replicaRegions: readonly string[]
}

/** Deletion after a recovery window in days, or at once. */
export type Deletion = { recoveryWindowInDays: number } | { force: true }

export interface DeletedSecret {
  name: SecretName
  arn: string
  /** The end of the recovery window. */
  deletionDate: Date
}

/** The version that a staging label is attached to, and the one that it is removed from. */
export interface StageMove {
  moveToVersionId?: string | undefined
  removeFromVersionId?: string | undefined
}

export interface RotationRequest extends Idempotent {
  lambdaArn?: string | undefined
  /** Replaces all rules if it has any; otherwise the rules stay. */
  rules?: RotationRules
  rotateImmediately?: boolean | undefined
}

export interface NewReplicas {
  replicas: readonly { region: string, kmsKeyId?: string }[]
  /** Overwrite secrets of the same name in those regions. */
  overwrite?: boolean | undefined
}

export interface ReplicatedSecret {
  name: SecretName
  arn: string
  replicas?: Replica[]
}

export interface SecretPolicy {
  name: SecretName
  arn: string
  /** The policy's JSON. */
  policy?: string
}

export interface PolicyOptions {
  /** Refuse a policy that grants access to anybody. */
  blockPublicPolicy: boolean
}

export interface PolicyFindings {
  passed: boolean
  errors: { checkName?: string, errorMessage?: string }[]
}

/** What a generated password contains; AWS's defaults apply where a member is absent. */
export interface PasswordOptions {
  passwordLength?: number
  excludeCharacters?: string
  excludeNumbers?: boolean
  excludePunctuation?: boolean
  excludeUppercase?: boolean
  excludeLowercase?: boolean
  includeSpace?: boolean
  requireEachIncludedType?: boolean
}
