import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** The status of a secret's replication to a region. */
export interface Replication {
  region: string
  /** The KMS key of the replica; null for the AWS managed key of its region. */
  kmsKeyId: string | null
  status: 'InProgress' | 'InSync' | 'Failed'
  message: string
  /** The start of the UTC day on which the replica was last read, in milliseconds since the epoch; null if it was never read. */
  accessedOn: number | null
}

/** The outcome of a replication, which is shown from `settlesAt` on. Until then, the replication is in progress. */
export interface ReplicationResult extends Pick<Replication, 'region' | 'kmsKeyId' | 'message'> {
  status: 'InSync' | 'Failed'
  /** The time from which the outcome is shown, in milliseconds since the epoch. */
  settlesAt: number
}

/** Returns a secret's replications at a time in milliseconds since the epoch, sorted by region. */
export function replicationsOf ({ database }: Store, { id }: Secret, now: number): Replication[] {
  return database.statement<Replication>(`
    SELECT replication.region, replication.kms_key_id AS kmsKeyId,
      iif(settles_at > $now, 'InProgress', status) AS status, iif(settles_at > $now, '', message) AS message, accessed_on AS accessedOn
    FROM replications AS replication
    LEFT JOIN secrets AS replica ON replica.primary_id = replication.primary_id AND replica.region = replication.region
    WHERE replication.primary_id = $id ORDER BY replication.region`
  ).all({ id, now })
}

/** Stores the status of a replication, replacing the earlier status. */
export function storeReplication (
  { database }: Store, primaryId: string, { region, kmsKeyId, status, message, settlesAt }: ReplicationResult
): void {
  database.statement(`
    INSERT INTO replications (primary_id, region, kms_key_id, status, message, settles_at)
    VALUES ($primaryId, $region, $kmsKeyId, $status, $message, $settlesAt)
    ON CONFLICT DO UPDATE SET kms_key_id = excluded.kms_key_id, status = excluded.status, message = excluded.message,
      settles_at = excluded.settles_at`
  ).run({ primaryId, region, kmsKeyId, status, message, settlesAt })
}

export function deleteReplication ({ database }: Store, primaryId: string, region: string): void {
  database.statement('DELETE FROM replications WHERE primary_id = $primaryId AND region = $region').run({ primaryId, region })
}
