import { AwsError } from '#src/aws-protocol/errors'
import type { Store } from '#src/local-backend/store/store'

/** The status of a replication after an attempt to update the replica. */
export interface ReplicationOutcome {
  status: 'InSync' | 'Failed'
  message: string
}

export const succeeded: ReplicationOutcome = { status: 'InSync', message: 'Replication succeeded' }

/** Updates a replica, and returns the outcome. If `update` throws an `AwsError`, the replica remains unchanged. */
export function outcomeOf (store: Store, update: () => void): ReplicationOutcome {
  try {
    store.database.nested(update)
    return succeeded
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    return { status: 'Failed', message: `Replication failed: ${error.message}` }
  }
}
