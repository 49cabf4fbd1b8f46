import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { Scope } from '#src/local-backend/scope'
import {
  findCrossAccountReplica, storeCrossAccountPrimary, storeCrossAccountReplica, type CrossAccountReplica
} from '#src/local-backend/store/cross-account'
import { mirror, missingValues } from '#src/local-backend/store/replicas'
import { storeResourcePolicy } from '#src/local-backend/store/resource-policies'
import { findByArn, type Secret } from '#src/local-backend/store/secrets'
import type { OperationContext } from './context.ts'
import { storeValue } from './data-key.ts'
import { encryptionKey, kmsKeyIn } from './kms-key.ts'
import { outcomeOf, succeeded } from './replication-outcome.ts'
import { scopeIn } from './secret-id.ts'
import { readValue } from './secret-value.ts'

type Context = Pick<OperationContext, 'store' | 'now'>

/**
 * The name of the resource policy that a secret has as long as it is a replica in another account. This name is the backend's
 * own, because AWS has not published the policy's name.
 */
export const replicationPolicy = 'CrossAccountReplication'

/** The members that a request must not have together with `CrossAccountPrimaryARN`. */
const excluded = ['AddReplicaRegions', 'Description', 'SecretBinary', 'SecretString', 'Type'] as const

/**
 * Checks a request to create a replica of a secret in another account. Does nothing if the new secret is not such a replica. Like
 * AWS, does not check if the primary secret exists, because that would reveal which secrets the other account has.
 *
 * @throws AwsError `InvalidParameterException`
 */
export function checkNewReplica (scope: Scope, input: Input<'CreateSecret'>): void {
  const { CrossAccountPrimaryARN: primaryArn, KmsKeyId = '' } = input
  if (primaryArn === undefined) return
  const member = excluded.find((name) => input[name] !== undefined)
  if (member !== undefined) throw errors.replicaMustStartEmpty(member)
  if (!isInOtherAccount(scope, primaryArn)) throw errors.crossAccountPrimaryInvalid()
  if (kmsKeyIn(scope, KmsKeyId) === null) throw errors.replicaNeedsKmsKey()
}

/** Makes a new secret a replica. It stays empty until the other account associates it with the primary secret. */
export function awaitPrimary ({ store }: Context, replica: Secret, primaryArn: string): void {
  storeCrossAccountPrimary(store, replica, { primaryArn, status: 'Pending', message: null })
  storeResourcePolicy(store, replica, replicationPolicy, JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { AWS: scopeIn(primaryArn)?.accountId },
      Action: 'secretsmanager:AcceptCrossAccountReplication',
      Resource: '*'
    }
  }))
}

/** Returns true if an ARN names a secret in the same region of another account. The secret need not exist. */
export function isInOtherAccount ({ accountId, region }: Scope, arn: string): boolean {
  const other = scopeIn(arn)
  return other !== undefined && other.accountId !== accountId && other.region === region
}

/** Returns true if a secret is a replica of a secret in another account, or has a replica in another account. */
export function isReplicatedAcrossAccounts (store: Context['store'], secret: Secret): boolean {
  return secret.crossAccountPrimaryArn !== null || attachedReplica(store, secret) !== undefined
}

/** Returns a primary secret's replica in another account, unless one of the two accounts has stopped the replication. */
export function attachedReplica (store: Context['store'], primary: Secret): CrossAccountReplica | undefined {
  const found = findCrossAccountReplica(store, primary)
  return found?.status === 'Detached' ? undefined : found
}

/**
 * Starts the replication to a replica in another account. The replica is complete when this returns.
 *
 * @throws AwsError the errors of `encryptionKey` and `readValue`. The transaction of the request must then be rolled back.
 */
export function startReplication (context: Context, primary: Secret, replica: Secret, roleArn: string | null): void {
  const { store } = context
  synchronize(context, primary, replica)
  storeCrossAccountReplica(store, primary, { replicaArn: replica.arn, roleArn, ...succeeded })
  storeCrossAccountPrimary(store, replica, { primaryArn: primary.arn, ...succeeded })
}

/**
 * Updates a changed secret's replica in another account. If the update fails, the replica remains unchanged, and both
 * secrets show the failure.
 */
export function followAcrossAccounts (context: Context, primary: Secret): void {
  const { store, now } = context
  const association = attachedReplica(store, primary)
  const owner = association && scopeIn(association.replicaArn)
  const replica = association && owner && findByArn(store, owner, association.replicaArn, now)
  /* c8 ignore next: an attached replica always exists, because it can't be deleted before its replication is stopped */
  if (association === undefined || replica === undefined) return
  const outcome = outcomeOf(store, () => {
    synchronize(context, primary, replica)
  })
  storeCrossAccountReplica(store, primary, { ...association, ...outcome })
  storeCrossAccountPrimary(store, replica, { primaryArn: primary.arn, ...outcome })
}

/** Makes a replica equal to its primary secret. The primary secret's account uses the KMS keys of both secrets. */
function synchronize ({ store, now }: Context, primary: Secret, replica: Secret): void {
  const here = { store, scope: { accountId: primary.accountId, region: primary.region } }
  // A key ID or an alias refers to a key of the account that created the replica.
  const { arn: kmsKeyId } = encryptionKey(store, replica.accountId, replica, replica.kmsKeyId)
  const missing = missingValues(store, primary, replica)
  mirror(store, primary, replica)
  for (const version of missing) {
    storeValue(here, { ...replica, kmsKeyId }, version.versionId, readValue(here, primary, version), now)
  }
}
