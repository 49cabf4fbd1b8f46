import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** How the replication of a secret to a region is doing. */
export interface Replication {
  region: string
  /** Null for the key that AWS manages there. */
  kmsKeyId: string | null
  status: 'InSync' | 'Failed'
  message: string
  /** The day on which the replica was read. */
  accessedOn: number | null
}

/** A secret's replications, by region. */
export function replicationsOf ({ database }: Store, { id }: Secret): Replication[] {
  return database.statement<Replication>(`
    SELECT replication.region, replication.kms_key_id AS kmsKeyId, status, message, accessed_on AS accessedOn
    FROM replications AS replication
    LEFT JOIN secrets AS replica ON replica.primary_id = replication.primary_id AND replica.region = replication.region
    WHERE replication.primary_id = $id ORDER BY replication.region`
  ).all({ id })
}

/** Stores how a replication is doing, in the place of what was known of it. */
export function storeReplication (
  { database }: Store, primaryId: string, { region, kmsKeyId, status, message }: Omit<Replication, 'accessedOn'>
): void {
  database.statement(`
    INSERT INTO replications (primary_id, region, kms_key_id, status, message)
    VALUES ($primaryId, $region, $kmsKeyId, $status, $message)
    ON CONFLICT DO UPDATE SET kms_key_id = excluded.kms_key_id, status = excluded.status, message = excluded.message`
  ).run({ primaryId, region, kmsKeyId, status, message })
}

export function deleteReplication ({ database }: Store, primaryId: string, region: string): void {
  database.statement('DELETE FROM replications WHERE primary_id = $primaryId AND region = $region').run({ primaryId, region })
}
