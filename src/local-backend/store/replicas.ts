import { randomUUID } from 'node:crypto'
import { secretColumns, type Secret } from './secrets.ts'
import type { Store } from './store.ts'
import { versionColumns, type Version } from './versions.ts'

export function findReplica ({ database }: Store, { id }: Secret, region: string): Secret | undefined {
  return database.statement<Secret>(`SELECT ${secretColumns} FROM secrets WHERE primary_id = $id AND region = $region`).get({ id, region })
}

/** Returns the replicas, in all accounts, that have not been updated since their primary secrets changed. */
export function staleReplicas ({ database }: Store): Secret[] {
  return database.statement<Secret>(`SELECT ${secretColumns} FROM secrets WHERE stale = 1`).all({})
}

/**
 * Adds a secret's replica in another region, without versions. The replica's ARN differs from the primary secret's only in the
 * region.
 */
export function insertReplica ({ database }: Store, primary: Secret, region: string, kmsKeyId: string | null, now: number): void {
  const { id: primaryId, arn: primaryArn, accountId, name, creationToken } = primary
  const arn = primaryArn.replace(`:${primary.region}:`, `:${region}:`)
  database.statement(`
    INSERT INTO secrets (id, primary_id, account_id, region, name, arn, kms_key_id, created_with, created_at, changed_at)
    VALUES ($id, $primaryId, $accountId, $region, $name, $arn, $kmsKeyId, $creationToken, $now, $now)`
  ).run({ id: randomUUID(), primaryId, accountId, region, name, arn, kmsKeyId, creationToken, now })
}

/** Promotes a replica to a standalone secret. */
export function releaseReplica ({ database }: Store, { id }: Secret): void {
  database.statement('UPDATE secrets SET primary_id = NULL, stale = 0 WHERE id = $id').run({ id })
}

/** Returns the primary secret's versions whose values the replica doesn't have yet, oldest first. */
export function missingValues ({ database }: Store, primary: Secret, replica: Secret): Version[] {
  return database.statement<Version>(`
    SELECT ${versionColumns} FROM versions
    WHERE secret_id = $primaryId AND value IS NOT NULL AND version_id NOT IN (
      SELECT version_id FROM versions WHERE secret_id = $replicaId AND value IS NOT NULL)
    ORDER BY sequence`
  ).all({ primaryId: primary.id, replicaId: replica.id })
}

/**
 * Updates everything that a replica copies from its primary secret, except the values. Versions that are new to the replica have
 * no value until the caller stores one. A replica in another account belongs to that account, so it keeps its own tags and
 * resource policies.
 */
export function mirror ({ database }: Store, primary: Secret, replica: Secret): void {
  const parts = replica.accountId === primary.accountId ? [details, versions, tags, policies] : [details, versions]
  for (const { cleared, copied } of parts) {
    for (const sql of cleared) database.statement(sql).run({ replicaId: replica.id })
    for (const sql of copied) database.statement(sql).run({ primaryId: primary.id, replicaId: replica.id })
  }
}

/** Marks a secret's replica in a region as up to date. The secret's next change marks it as stale again. */
export function markUpToDate ({ database }: Store, { id }: Secret, region: string): void {
  database.statement('UPDATE secrets SET stale = 0 WHERE primary_id = $id AND region = $region').run({ id, region })
}

/**
 * The SQL statements that copy one part of a secret to a replica. The statements in `cleared` run first: they clear that part of
 * the replica.
 */
interface MirroredPart {
  cleared: readonly string[]
  copied: readonly string[]
}

/**
 * The replica's `changed_at` is the time when the primary secret was last changed or, if that is later, the time when the replica
 * was created.
 */
const details: MirroredPart = {
  cleared: [],
  copied: [`
  UPDATE secrets SET (description, type, changed_at) = (
    SELECT description, type, max(changed_at, secrets.created_at) FROM secrets AS followed WHERE followed.id = $primaryId)
  WHERE id = $replicaId
`]
}

const versions: MirroredPart = {
  cleared: ['DELETE FROM staging_labels WHERE secret_id = $replicaId'],
  copied: [`
  DELETE FROM versions WHERE secret_id = $replicaId AND version_id NOT IN (
    SELECT version_id FROM versions WHERE secret_id = $primaryId)
`, `
  INSERT INTO versions (secret_id, version_id, created_at)
  SELECT $replicaId, version_id, created_at FROM versions WHERE secret_id = $primaryId ORDER BY sequence
  ON CONFLICT DO NOTHING
`, `
  INSERT INTO staging_labels (secret_id, stage, version_id)
  SELECT $replicaId, stage, version_id FROM staging_labels WHERE secret_id = $primaryId
`]
}

const tags: MirroredPart = {
  cleared: ['DELETE FROM tags WHERE secret_id = $replicaId'],
  copied: [`
  UPDATE secrets SET tagged = (SELECT tagged FROM secrets AS followed WHERE followed.id = $primaryId) WHERE id = $replicaId
`, `
  INSERT INTO tags (secret_id, key, value)
  SELECT $replicaId, key, value FROM tags WHERE secret_id = $primaryId ORDER BY sequence
`]
}

const policies: MirroredPart = {
  cleared: ['DELETE FROM resource_policies WHERE secret_id = $replicaId'],
  copied: [`
  INSERT INTO resource_policies (secret_id, name, policy)
  SELECT $replicaId, name, policy FROM resource_policies WHERE secret_id = $primaryId
`]
}
