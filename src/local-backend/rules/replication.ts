import { partitionOf } from '#src/aws-model/partitions'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import { partitionIn } from '#src/local-backend/partition'
import { primariesToFollow } from '#src/local-backend/store/cross-account'
import { findReplica, insertReplica, markUpToDate, mirror, missingValues, staleReplicas } from '#src/local-backend/store/replicas'
import { storeReplication } from '#src/local-backend/store/replications'
import { findById, findByName, purgeSecret, updateSecret, type Secret } from '#src/local-backend/store/secrets'
import type { CallContext, OperationContext } from './context.ts'
import { followAcrossAccounts, isReplicatedAcrossAccounts } from './cross-account-replication.ts'
import { rewrapDataKeys, storeValue } from './data-key.ts'
import { authorizeKey } from './key-authorization.ts'
import { customerKeyArn, encryptionKey, kmsKeyIn } from './kms-key.ts'
import { outcomeOf } from './replication-outcome.ts'
import { readValue } from './secret-value.ts'

type Context = Pick<OperationContext, 'store' | 'now' | 'faults'>

/** The destination of a replication. */
interface Target {
  region: string
  /** The KMS key of the replica; null for the AWS managed key of its region. */
  kmsKeyId: string | null
  /** True if an unrelated secret that has the same name in the region should be deleted to make room for the replica. */
  overwrite: boolean
}

/**
 * Replicates a secret to regions. The replication has finished when this returns, whereas AWS replicates after the reply. If the
 * backend is realistic, the status is `InProgress` for a while. A failure in one region doesn't affect the other regions. The
 * failure and its reason are recorded in the replication's status.
 *
 * @throws AwsError the errors of `checkRegions`; `AccessDeniedException` if the caller's policies don't allow decryption with the
 * primary secret's KMS key. The permissions for the replicas' keys are not checked.
 */
export function replicate (
  context: CallContext, primary: Secret, wanted: Input<'ReplicateSecretToRegions'>['AddReplicaRegions'], overwrite = false
): void {
  checkRegions(primary, wanted.map(({ Region }) => Region))
  const key = customerKeyArn(context.store, primary)
  if (key !== undefined) authorizeKey(context, key, 'kms:Decrypt')
  for (const { Region: region = '', KmsKeyId } of wanted) {
    const kmsKeyId = KmsKeyId === undefined
      ? findReplica(context.store, primary, region)?.kmsKeyId ?? null
      : kmsKeyIn({ accountId: primary.accountId, region }, KmsKeyId)
    replicateTo(context, primary, { region, kmsKeyId, overwrite })
  }
}

/**
 * Checks the regions that a request names.
 *
 * @throws AwsError `InvalidParameterException` if a region doesn't exist, belongs to another partition, is the secret's
 * own, or occurs twice
 */
export function checkRegions (secret: Secret, wanted: readonly (string | undefined)[]): void {
  const partition = partitionIn(secret.region)
  const wrong = wanted.some((region = '') => region === secret.region || partitionOf(region) !== partition)
  if (wrong || new Set(wanted).size < wanted.length) throw errors.invalidReplicaRegion()
}

/**
 * Runs `work` in a write transaction. Before the transaction ends, also updates the replicas of the secrets that `work` changed.
 */
export function writeAndReplicate<Result> (context: Context, work: () => Result): Result {
  const { store } = context
  return store.database.write(() => {
    const result = work()
    for (const replica of staleReplicas(store)) follow(context, replica)
    for (const primary of primariesToFollow(store)) followAcrossAccounts(context, primary)
    return result
  })
}

/**
 * Updates a replica from its primary secret. If the update fails, the replica remains unchanged and the failure is recorded. Does
 * nothing for a secret that isn't a replica.
 */
export function follow (context: Context, { primaryId, region, kmsKeyId }: Secret): void {
  const primary = primaryId === null ? undefined : findById(context.store, primaryId)
  if (primary !== undefined) replicateTo(context, primary, { region, kmsKeyId, overwrite: false })
}

function replicateTo (context: Context, primary: Secret, target: Target): void {
  const { store, now, faults } = context
  const { region, kmsKeyId } = target
  const outcome = outcomeOf(store, () => {
    if (faults.replicationFails()) throw errors.internal()
    synchronize(context, primary, target)
  })
  storeReplication(store, primary.id, { region, kmsKeyId, ...outcome, settlesAt: now + faults.replicationDelay() })
  markUpToDate(store, primary, region)
}

/**
 * Makes a replica equal to its primary secret. Creates the replica if it doesn't exist. KMS keys are used on behalf of the
 * account that owns the secret, regardless of the caller's account.
 */
function synchronize (context: Context, primary: Secret, target: Target): void {
  const { store, now } = context
  const { accountId } = primary
  const here = { store, scope: { accountId, region: primary.region } }
  const there = { store, scope: { accountId, region: target.region } }
  const replica = findReplica(store, primary, target.region)
  if (replica === undefined) {
    createReplica(context, primary, target)
    synchronize(context, primary, target)
    return
  }
  if (replica.kmsKeyId !== target.kmsKeyId) {
    const changed = { ...replica, kmsKeyId: target.kmsKeyId }
    updateSecret(store, changed, now)
    rewrapDataKeys(there, changed)
  }
  const missing = missingValues(store, primary, replica)
  mirror(store, primary, replica)
  for (const version of missing) storeValue(there, replica, version.versionId, readValue(here, primary, version), now)
}

/**
 * Creates a replica without versions.
 *
 * @throws AwsError `ResourceExistsException` if the region already has a secret of that name, and that secret must not be
 * overwritten; the errors of `encryptionKey`
 */
function createReplica ({ store, now }: Context, primary: Secret, { region, kmsKeyId, overwrite }: Target): void {
  const location = { accountId: primary.accountId, region }
  encryptionKey(store, primary.accountId, location, kmsKeyId)
  const other = findByName(store, location, primary.name, now)
  if (other !== undefined) {
    // Never overwrites a secret that is a replica, has replicas or is managed by an AWS service.
    const isProtected = other.primaryRegion !== null || other.owningService !== null || isReplicatedAcrossAccounts(store, other)
    if (!overwrite || isProtected) throw errors.nameTakenInRegion(primary.name, region)
    purgeSecret(store, other)
  }
  insertReplica(store, primary, region, kmsKeyId, now)
}
