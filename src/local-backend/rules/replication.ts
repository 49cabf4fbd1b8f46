import { AwsError, errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import { findReplica, insertReplica, markFollowed, mirror, missingValues, staleReplicas } from '#src/local-backend/store/replicas'
import { storeReplication } from '#src/local-backend/store/replications'
import { findById, findByName, purgeSecret, updateSecret, type Secret } from '#src/local-backend/store/secrets'
import type { OperationContext } from './context.ts'
import { rewrapDataKeys, storeValue } from './data-key.ts'
import { encryptionKey, kmsKeyIn } from './kms-key.ts'
import { regions } from './regions.ts'
import { readValue } from './secret-value.ts'

type Context = Pick<OperationContext, 'store' | 'now'>

/** Where a secret is replicated to, and how. */
interface Target {
  region: string
  /** Null for the key that AWS manages there. */
  kmsKeyId: string | null
  /** Whether to put the replica in the place of another secret with its name. */
  overwrite: boolean
}

/**
 * Replicates a secret to regions: at once, where AWS goes on after its answer. A region where that fails is noted as failed, with
 * the reason, and stays so until it is named again.
 *
 * Throws InvalidParameterException as `checkRegions` does.
 */
export function replicate (
  context: Context, primary: Secret, wanted: Input<'ReplicateSecretToRegions'>['AddReplicaRegions'], overwrite = false
): void {
  checkRegions(primary, wanted.map(({ Region }) => Region))
  for (const { Region: region = '', KmsKeyId } of wanted) {
    const kmsKeyId = KmsKeyId === undefined
      ? findReplica(context.store, primary, region)?.kmsKeyId ?? null
      : kmsKeyIn({ accountId: primary.accountId, region }, KmsKeyId)
    replicateTo(context, primary, { region, kmsKeyId, overwrite })
  }
}

/** Throws InvalidParameterException if a region is none, the secret's own, or given twice. */
export function checkRegions (secret: Secret, wanted: readonly (string | undefined)[]): void {
  const wrong = wanted.some((region) => region === undefined || !regions.has(region) || region === secret.region)
  if (wrong || new Set(wanted).size < wanted.length) throw errors.invalidReplicaRegion()
}

/** Carries out what writes, in one transaction with what the replicas of the secrets that it has changed take over from it. */
export function writeAndFollow<Result> (context: Context, work: () => Result): Result {
  const { store } = context
  return store.database.write(() => {
    const result = work()
    for (const replica of staleReplicas(store)) follow(context, replica)
    return result
  })
}

/** Lets a replica follow its primary. One that can't stays as it was, and is noted as failed. */
export function follow (context: Context, { primaryId, region, kmsKeyId }: Secret): void {
  const primary = primaryId === null ? undefined : findById(context.store, primaryId)
  if (primary !== undefined) replicateTo(context, primary, { region, kmsKeyId, overwrite: false })
}

function replicateTo (context: Context, primary: Secret, target: Target): void {
  const { store } = context
  const { region, kmsKeyId } = target
  const failure = failureOf(() => {
    store.database.nested(() => {
      bringInSync(context, primary, target)
    })
  })
  storeReplication(store, primary.id, {
    region,
    kmsKeyId,
    status: failure === undefined ? 'InSync' : 'Failed',
    message: failure === undefined ? 'Replication succeeded' : `Replication failed: ${failure}`
  })
  markFollowed(store, primary, region)
}

/** KMS is asked by the account of the secret, whoever the caller is. */
function bringInSync (context: Context, primary: Secret, target: Target): void {
  const { store, now } = context
  const { accountId } = primary
  const here = { store, scope: { accountId, region: primary.region } }
  const there = { store, scope: { accountId, region: target.region } }
  const replica = findReplica(store, primary, target.region)
  if (replica === undefined) {
    makeReplica(context, primary, target)
    bringInSync(context, primary, target)
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

/** Makes an empty replica; throws ResourceExistsException if its name is taken, and what `encryptionKey` throws. */
function makeReplica ({ store, now }: Context, primary: Secret, { region, kmsKeyId, overwrite }: Target): void {
  const place = { accountId: primary.accountId, region }
  encryptionKey(store, primary.accountId, place, kmsKeyId)
  const other = findByName(store, place, primary.name, now)
  if (other !== undefined) {
    // What others depend on, be it a service or a replica, is not overwritten.
    const isNeeded = other.primaryRegion !== null || other.owningService !== null
    if (!overwrite || isNeeded) throw errors.nameTakenInRegion(primary.name, region)
    purgeSecret(store, other)
  }
  insertReplica(store, primary, region, kmsKeyId, now)
}

function failureOf (work: () => void): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    return error.message
  }
}
