import { findCrossAccountPrimary, findCrossAccountReplica, type CrossAccountState } from '#src/local-backend/store/cross-account'
import type { Secret } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'

interface ReplicationState {
  ReplicationStatus: string
  StatusMessage: string | undefined
}

/** The fields of DescribeSecret's reply that concern a replication between accounts. */
export interface CrossAccountDetails {
  CrossAccountPrimary?: ReplicationState & { PrimarySecretARN: string }
  CrossAccountReplicas?: (ReplicationState & { ReplicaSecretARN: string, ReplicationRoleARN: string | undefined })[]
}

/** Returns the state of a secret's replication between accounts. The result is empty if the secret has no such replication. */
export function crossAccountDetails (store: Store, secret: Secret): CrossAccountDetails {
  const primary = findCrossAccountPrimary(store, secret)
  const replica = findCrossAccountReplica(store, secret)
  return {
    ...primary && { CrossAccountPrimary: { PrimarySecretARN: primary.primaryArn, ...stateOf(primary) } },
    ...replica && {
      CrossAccountReplicas: [
        { ReplicaSecretARN: replica.replicaArn, ReplicationRoleARN: replica.roleArn ?? undefined, ...stateOf(replica) }
      ]
    }
  }
}

function stateOf ({ status, message }: CrossAccountState): ReplicationState {
  return { ReplicationStatus: status, StatusMessage: message ?? undefined }
}
