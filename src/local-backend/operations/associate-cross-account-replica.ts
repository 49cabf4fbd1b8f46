import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import { partitionWith } from '#src/local-backend/partition'
import { authorizeOn, authorizePassRole } from '#src/local-backend/rules/authorization'
import { findChangeableSecret } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { attachedReplica, isInOtherAccount, startReplication } from '#src/local-backend/rules/cross-account-replication'
import { succeeded } from '#src/local-backend/rules/replication-outcome'

interface Output {
  ARN: string
  CrossAccountReplicaARN: string
  ReplicationStatus: string
}

/**
 * Starts the replication of a secret to a replica that another account has created for this secret. A repeated request updates
 * the replica again, which repairs a failed replication.
 *
 * The request's `ReplicaRestriction` may restrict replicas to accounts of the same organization. It has no effect here, because
 * all accounts of this backend count as members of one organization.
 */
export function associateCrossAccountReplica (input: Input<'AssociateCrossAccountReplica'>, context: CallContext): Output {
  const { SecretId, CrossAccountReplicaARN: replicaArn, ReplicationRoleARN: roleArn } = input
  if (context.foreign !== undefined) throw errors.crossAccountPrimaryNotOwned()
  const primary = findChangeableSecret(context, SecretId)
  if (!isInOtherAccount(context.scope, replicaArn)) throw errors.crossAccountReplicaInvalid()
  if (roleArn !== undefined) {
    if (!roleArn.startsWith(`arn:${partitionWith(primary.arn)}:iam::${primary.accountId}:role/`)) throw errors.roleOfOtherAccount()
    authorizePassRole(context, roleArn)
  }
  const replica = authorizeOn(context, 'AcceptCrossAccountReplication', replicaArn)
  if (replica?.crossAccountPrimaryArn !== primary.arn) throw errors.crossAccountReplicaOfOther()
  const attached = attachedReplica(context.store, primary)
  if (attached !== undefined && attached.replicaArn !== replica.arn) throw errors.tooManyCrossAccountReplicas()
  startReplication(context, primary, replica, roleArn ?? null)
  return { ARN: primary.arn, CrossAccountReplicaARN: replica.arn, ReplicationStatus: succeeded.status }
}
