import { secretColumns, type Secret } from './secrets.ts'
import type { Store } from './store.ts'

/**
 * The status of a replication into another account. `Pending` means that the primary secret's account has not associated the
 * replica yet. `Detached` means that one of the two accounts has stopped the replication.
 */
export type CrossAccountStatus = 'InSync' | 'Failed' | 'Pending' | 'Detached'

/** The status that the primary secret or the replica shows for their replication. */
export interface CrossAccountState {
  status: CrossAccountStatus
  message: string | null
}

/** A primary secret in another account, as stored for its replica. */
export interface CrossAccountPrimary extends CrossAccountState {
  primaryArn: string
}

/** A replica in another account, as stored for its primary secret. */
export interface CrossAccountReplica extends CrossAccountState {
  replicaArn: string
  /** The role that was named in the request for the replication. */
  roleArn: string | null
}

export function findCrossAccountPrimary ({ database }: Store, { id }: Secret): CrossAccountPrimary | undefined {
  return database.statement<CrossAccountPrimary>(
    'SELECT primary_arn AS primaryArn, status, message FROM cross_account_primaries WHERE replica_id = $id'
  ).get({ id })
}

/** Makes a secret a replica of a secret in another account, or updates the status of the replication. */
export function storeCrossAccountPrimary ({ database }: Store, { id }: Secret, primary: CrossAccountPrimary): void {
  const { primaryArn, status, message } = primary
  database.statement(`
    INSERT INTO cross_account_primaries (replica_id, primary_arn, status, message)
    VALUES ($id, $primaryArn, $status, $message)
    ON CONFLICT DO UPDATE SET status = excluded.status, message = excluded.message`
  ).run({ id, primaryArn, status, message })
}

/** Makes a replica a standalone secret. */
export function deleteCrossAccountPrimary ({ database }: Store, { id }: Secret): void {
  database.statement('DELETE FROM cross_account_primaries WHERE replica_id = $id').run({ id })
}

export function findCrossAccountReplica ({ database }: Store, { id }: Secret): CrossAccountReplica | undefined {
  return database.statement<CrossAccountReplica>(`
    SELECT replica_arn AS replicaArn, role_arn AS roleArn, status, message
    FROM cross_account_replicas WHERE primary_id = $id`
  ).get({ id })
}

/**
 * Stores a primary secret's replica in another account, and the status of the replication. A primary secret has at most one such
 * replica. Afterwards the replica no longer counts as stale, even if its update failed.
 */
export function storeCrossAccountReplica ({ database }: Store, { id }: Secret, replica: CrossAccountReplica): void {
  const { replicaArn, roleArn, status, message } = replica
  database.statement(`
    INSERT INTO cross_account_replicas (primary_id, replica_arn, role_arn, status, message)
    VALUES ($id, $replicaArn, $roleArn, $status, $message)
    ON CONFLICT DO UPDATE SET
      replica_arn = excluded.replica_arn, role_arn = excluded.role_arn, status = excluded.status, message = excluded.message,
      stale = 0`
  ).run({ id, replicaArn, roleArn, status, message })
}

export function deleteCrossAccountReplica ({ database }: Store, { id }: Secret): void {
  database.statement('DELETE FROM cross_account_replicas WHERE primary_id = $id').run({ id })
}

/** Records for the primary secret, if it still exists, that the replica's account has stopped the replication. */
export function detachCrossAccountReplica ({ database }: Store, { arn }: Secret): void {
  database.statement(`
    UPDATE cross_account_replicas SET status = 'Detached', message = NULL, stale = 0 WHERE replica_arn = $arn`
  ).run({ arn })
}

/** Returns the primary secrets, in all accounts, that have changed since their replicas in other accounts were updated. */
export function primariesToFollow ({ database }: Store): Secret[] {
  return database.statement<Secret>(`
    SELECT ${secretColumns} FROM secrets
    WHERE id IN (SELECT primary_id FROM cross_account_replicas WHERE stale = 1 AND status <> 'Detached')`
  ).all({})
}
