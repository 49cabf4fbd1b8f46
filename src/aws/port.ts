import type { AnyName, SecretName } from '#src/environments/names'
import type { Problem } from '#src/problems/problem'
import type { AwsCall } from './call.ts'
import type { ReadSecret, Replica, RotationRules, SecretContent, SecretMetadata, SecretVersion } from './secret.ts'

/**
 * The operations of AWS Secrets Manager, with the gateway's own names and types. Every function rejects with a `Problem` if AWS
 * or the network fails or if the credential is invalid. Caches, deadlines and test fakes implement the same interface, so they
 * can wrap or replace the implementation that calls AWS.
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
  /**
   * Returns the secrets that this process has changed in the last five minutes. AWS's lists may not show these changes yet. Does
   * not call AWS. The result may be incomplete.
   */
  listRecentlyWritten: (call: AwsCall) => RecentlyWritten[]
  listSecrets: (call: AwsCall, request: ListRequest) => Promise<Page<SecretMetadata<AnyName>>>
  listSecretVersionIds: (call: AwsCall, name: SecretName, request: VersionsRequest) => Promise<Page<SecretVersion>>
  /**
   * Returns true if this version may be current although AWS shows another: this process has recently made both current, in
   * concurrent writes whose order is unknown. Does not call AWS.
   */
  mayBeCurrent: (call: AwsCall, name: SecretName, versionId: string) => boolean
  putResourcePolicy: (call: AwsCall, name: SecretName, policy: string, options: PolicyOptions) => Promise<WriteResult>
  putSecretValue: (call: AwsCall, name: SecretName, content: SecretContent, version?: NewVersion) => Promise<WrittenVersion>
  removeRegionsFromReplication: (call: AwsCall, name: SecretName, regions: readonly string[]) => Promise<ReplicatedSecret>
  replicateSecretToRegions: (call: AwsCall, name: SecretName, replication: NewReplicas) => Promise<ReplicatedSecret>
  restoreSecret: (call: AwsCall, name: SecretName) => Promise<WriteResult>
  /** In the result, `versionId` is the ID of the version that the rotation creates. */
  rotateSecret: (call: AwsCall, name: SecretName, rotation: RotationRequest) => Promise<WriteResult>
  /** Turns the replica in the environment's region into a standalone secret. */
  stopReplicationToReplica: (call: AwsCall, name: SecretName) => Promise<WriteResult>
  tagResource: (call: AwsCall, name: SecretName, tags: Tags) => Promise<void>
  untagResource: (call: AwsCall, name: SecretName, keys: readonly string[]) => Promise<void>
  updateSecret: (call: AwsCall, name: SecretName, change: SecretChange) => Promise<WriteResult>
  updateSecretVersionStage: (call: AwsCall, name: SecretName, stage: string, move: StageMove) => Promise<WriteResult>
  validateResourcePolicy: (call: AwsCall, name: SecretName, policy: string) => Promise<PolicyFindings>
}

export type Tags = Readonly<Record<string, string>>

/** A page of results. It can be empty even if more pages follow. */
export interface Page<Item> {
  items: Item[]
  nextCursor?: string
}

interface PageRequest {
  /** The maximum number of entries that AWS puts on the page. */
  limit?: number | undefined
  /** The `nextCursor` of the previous page. */
  cursor?: string | undefined
}

/** The filters of a list. The environment's name prefix always applies as well. */
export interface SecretFilters {
  namePrefix?: string
  /** This filter and the next three are AWS's own. AWS's documentation describes how they match. */
  description?: string
  tagKey?: string
  tagValue?: string
  all?: string
  /**
   * The list contains every secret that has all of these tags. It can also contain other secrets, because AWS has no exact filter
   * for tags.
   */
  tags?: Tags
}

export interface ListRequest extends PageRequest {
  filters?: SecretFilters | undefined
  includePlannedDeletion?: boolean | undefined
  sort?: { by: SortKey, descending: boolean } | undefined
}

export type SortKey = 'name' | 'createdDate' | 'lastChangedDate' | 'lastAccessedDate'

export interface VersionsRequest extends PageRequest {
  /** True to list deprecated versions, too. They have no staging label. */
  includeDeprecated?: boolean | undefined
}

/**
 * The secrets to read: at most 20 names. AWS could also select secrets by filters, but its filters match more secrets than
 * expected.
 */
export interface BatchRequest {
  names: readonly SecretName[]
  /** The `nextCursor` of the previous page. */
  cursor?: string | undefined
}

/** The current version of a secret with its value, or the problem that kept AWS from returning it. */
export type BatchResult = { name: SecretName, secret: ReadSecret } | { name: SecretName, problem: Problem }

/** The version to read. Defaults to the AWSCURRENT version. */
export interface VersionSelector {
  versionId?: string | undefined
  versionStage?: string | undefined
}

/** A secret that was changed a moment ago. `state` is absent if it is unknown. */
export interface RecentlyWritten {
  name: SecretName
  state?: 'present' | 'deleted' | 'gone'
}

/** The secret that an operation changed. `versionId` is present if AWS's response names a version. */
export interface WriteResult {
  name: SecretName
  arn: string
  versionId?: string
}

export interface WrittenVersion extends WriteResult {
  /**
   * The version's labels after the write. If the write repeats an earlier write, some labels may have moved to other versions
   * since.
   */
  versionStages?: readonly string[]
}

interface Idempotent {
  /**
   * The ID of the version that the write creates. A second write with the same ID changes nothing if it has the same
   * secret value; otherwise, it fails with `idempotency-conflict`. By default, the SDK generates an ID for each call.
   */
  versionId?: string | undefined
}

export interface NewVersion extends Idempotent {
  /** The version's staging labels. Defaults to AWSCURRENT. */
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

/** Deletion after a recovery window in days, or immediately. */
export type Deletion = { recoveryWindowInDays: number } | { force: true }

export interface DeletedSecret {
  name: SecretName
  arn: string
  /** The end of the recovery window. */
  deletionDate: Date
}

/** The version that a staging label is attached to, and the version that it is removed from. */
export interface StageMove {
  moveToVersionId?: string | undefined
  removeFromVersionId?: string | undefined
}

export interface RotationRequest extends Idempotent {
  lambdaArn?: string | undefined
  /** These rules replace all existing rotation rules of the secret. If absent or empty, the existing rules stay. */
  rules?: RotationRules
  rotateImmediately?: boolean | undefined
}

export interface NewReplicas {
  replicas: readonly { region: string, kmsKeyId?: string }[]
  /** True to overwrite secrets with the same name in the replicas' regions. */
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
  /** The policy as JSON. Absent if the secret has none. */
  policy?: string
}

export interface PolicyOptions {
  /** True to refuse a policy that grants public access. */
  blockPublicPolicy: boolean
}

export interface PolicyFindings {
  passed: boolean
  errors: { checkName?: string, errorMessage?: string }[]
}

/** The length and the characters of a generated password. AWS's defaults apply to absent members. */
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
