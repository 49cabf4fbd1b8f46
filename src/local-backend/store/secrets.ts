import { randomUUID } from 'node:crypto'
import type { Scope } from '#src/local-backend/scope'
import type { Store } from './store.ts'

/** A secret without its versions and tags. Times are in milliseconds since the epoch. */
export interface Secret {
  /** An internal ID. It is unique, never reused and never shown to callers. */
  id: string
  /** A number that increases with each new secret. */
  sequence: number
  accountId: string
  region: string
  name: string
  arn: string
  description: string | null
  /** The ID, ARN or alias of the KMS key, exactly as the request specified it; null for the AWS managed key. */
  kmsKeyId: string | null
  type: string | null
  /** 1 if the secret has ever had a tag, otherwise 0. */
  tagged: number
  /** The `ClientRequestToken` of the request that created the secret. */
  creationToken: string
  /** If the secret is a replica of a secret in another region, the ID of that primary secret; otherwise null. */
  primaryId: string | null
  /** If the secret is a replica of a secret in another account, the ARN of that primary secret; otherwise null. */
  crossAccountPrimaryArn: string | null
  /** The region of the primary secret, if this secret is a replica or has replicas; otherwise null. */
  primaryRegion: string | null
  /** The AWS service that manages the secret, if any. Callers other than this service can't update or delete the secret. */
  owningService: string | null
  createdAt: number
  changedAt: number
  accessedOn: number | null
  deletedAt: number | null
  /** The end of the recovery window; null unless the secret is scheduled for deletion. */
  purgeAt: number | null
}

/** The key of the system tag whose value is the AWS service that manages the secret. */
export const owningServiceTag = 'aws:secretsmanager:owningService'

/** The SQL columns to select for a `Secret`. */
export const secretColumns = `
  id, sequence, account_id AS accountId, region, name, arn, description, kms_key_id AS kmsKeyId, type, tagged,
  created_with AS creationToken, primary_id AS primaryId,
  (SELECT primary_arn FROM cross_account_primaries WHERE replica_id = secrets.id) AS crossAccountPrimaryArn,
  CASE
    WHEN primary_id IS NOT NULL THEN (SELECT region FROM secrets AS one WHERE one.id = secrets.primary_id)
    WHEN EXISTS (SELECT 1 FROM replications WHERE replications.primary_id = secrets.id) THEN region
  END AS primaryRegion,
  (SELECT value FROM tags WHERE tags.secret_id = secrets.id AND key = '${owningServiceTag}') AS owningService,
  created_at AS createdAt, changed_at AS changedAt, accessed_on AS accessedOn, deleted_at AS deletedAt, purge_at AS purgeAt`

/**
 * The SQL condition for secrets that still exist. A secret ceases to exist when its recovery window ends, even if its row has not
 * been purged yet.
 */
export const notExpired = '(purge_at IS NULL OR purge_at > $now)'

export function findByName ({ database }: Store, scope: Scope, name: string, now: number): Secret | undefined {
  return database.statement<Secret>(
    `SELECT ${secretColumns} FROM secrets WHERE account_id = $accountId AND region = $region AND name = $name AND ${notExpired}`
  ).get({ ...scope, name, now })
}

export function findByArn ({ database }: Store, scope: Scope, arn: string, now: number): Secret | undefined {
  return database.statement<Secret>(
    `SELECT ${secretColumns} FROM secrets WHERE account_id = $accountId AND region = $region AND arn = $arn AND ${notExpired}`
  ).get({ ...scope, arn, now })
}

/** The fields that are set when a secret is created. */
export type NewSecret = Pick<Secret, 'name' | 'arn' | 'description' | 'kmsKeyId' | 'type' | 'creationToken'>

/** Adds a secret without versions. */
export function insertSecret ({ database }: Store, scope: Scope, secret: NewSecret, now: number): void {
  const { name, arn, description, kmsKeyId, type, creationToken } = secret
  database.statement(`
    INSERT INTO secrets (id, account_id, region, name, arn, description, kms_key_id, type, created_with, created_at, changed_at)
    VALUES ($id, $accountId, $region, $name, $arn, $description, $kmsKeyId, $type, $creationToken, $now, $now)`
  ).run({ id: randomUUID(), ...scope, name, arn, description, kmsKeyId, type, creationToken, now })
}

export function findById ({ database }: Store, id: string): Secret | undefined {
  return database.statement<Secret>(`SELECT ${secretColumns} FROM secrets WHERE id = $id`).get({ id })
}

/**
 * Stores a secret's details, sets `changedAt` and marks the replicas as stale. This function must also be called after any other
 * change to the secret, such as a new version or tag, so that `changedAt` and the replicas reflect that change. `changedAt`
 * always increases, even between two changes in the same millisecond.
 */
export function updateSecret ({ database }: Store, secret: Secret, now: number): void {
  const { id, description, kmsKeyId, type, deletedAt, purgeAt } = secret
  database.statement(`
    UPDATE secrets SET description = $description, kms_key_id = $kmsKeyId, type = $type,
      deleted_at = $deletedAt, purge_at = $purgeAt, changed_at = max($now, changed_at + 1)
    WHERE id = $id`
  ).run({ id, description, kmsKeyId, type, deletedAt, purgeAt, now })
  database.statement('UPDATE secrets SET stale = 1 WHERE primary_id = $id').run({ id })
  database.statement('UPDATE cross_account_replicas SET stale = 1 WHERE primary_id = $id').run({ id })
}

/** Records the day on which a secret's value was read. */
export function markSecretAccessed ({ database }: Store, { id }: Secret, day: number): void {
  database.statement('UPDATE secrets SET accessed_on = $day WHERE id = $id AND accessed_on IS NOT $day').run({ id, day })
}

/** Permanently deletes a secret, together with its versions, labels, tags, policy and rotation settings. */
export function purgeSecret ({ database }: Store, { id }: Secret): void {
  database.statement('DELETE FROM secrets WHERE id = $id').run({ id })
}

/** Returns true if `purgeExpired` would delete anything. */
export function hasExpired ({ database }: Store, now: number): boolean {
  return database.statement('SELECT 1 FROM secrets WHERE purge_at <= $now LIMIT 1').get({ now }) !== undefined
}

/** Permanently deletes the secrets, in all accounts, whose recovery window has ended. */
export function purgeExpired ({ database }: Store, now: number): void {
  database.statement('DELETE FROM secrets WHERE purge_at <= $now').run({ now })
}
