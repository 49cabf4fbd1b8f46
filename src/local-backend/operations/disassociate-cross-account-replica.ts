import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import { findChangeableSecret } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { scopeIn } from '#src/local-backend/rules/secret-id'
import {
  deleteCrossAccountReplica, findCrossAccountReplica, storeCrossAccountPrimary
} from '#src/local-backend/store/cross-account'
import { findByArn } from '#src/local-backend/store/secrets'

/**
 * Stops the replication of a secret to its replica in another account. The replica keeps its content. It remains a replica until
 * its own account calls StopReplicationToReplica.
 */
export function disassociateCrossAccountReplica (
  { SecretId, CrossAccountReplicaARN }: Input<'DisassociateCrossAccountReplica'>, context: CallContext
): { ARN: string, CrossAccountReplicaARN: string } {
  const { store, now, foreign } = context
  if (foreign !== undefined) throw errors.crossAccountPrimaryNotOwned()
  const primary = findChangeableSecret(context, SecretId)
  const found = findCrossAccountReplica(store, primary)
  if (found?.replicaArn !== CrossAccountReplicaARN) throw errors.crossAccountReplicaUnknown()
  const owner = scopeIn(found.replicaArn)
  const replica = owner && findByArn(store, owner, found.replicaArn, now)
  // `Detached` means that the other account has already made the replica a standalone secret, which must not be changed.
  if (replica !== undefined && found.status !== 'Detached') {
    storeCrossAccountPrimary(store, replica, { primaryArn: primary.arn, status: 'Detached', message: null })
  }
  deleteCrossAccountReplica(store, primary)
  return { ARN: primary.arn, CrossAccountReplicaARN }
}
