import { randomUUID } from 'node:crypto'
import type { Scope } from '#src/local-backend/scope'
import type { Store } from './store.ts'

/** A secret without its versions and tags. Times are milliseconds since the epoch. */
export interface Secret {
  /** Given once, never used again, and never shown. */
  id: string
  /** Rises from secret to secret. */
  sequence: number
  accountId: string
  region: string
  name: string
  arn: string
  description: string | null
  /** Null for the key that AWS manages. */
  kmsKeyId: string | null
  type: string | null
  /** 1 once the secret has had a tag. */
  tagged: number
  /** The `ClientRequestToken` of the request that made the secret. */
  creationToken: string
  /** Of a replica, the ID of the secret that it follows. */
  primaryId: string | null
  /** Of a replica and of a secret that is replicated, the region of the latter. */
  primaryRegion: string | null
  /** The AWS service that made the secret and alone may change it. */
  owningService: string | null
  createdAt: number
  changedAt: number
  accessedOn: number | null
  deletedAt: number | null
  /** The end of the recovery window of a secret that is scheduled for deletion. */
  purgeAt: number | null
}

/** The tag that a service puts on the secrets that it makes. */
export const owningServiceTag = 'aws:secretsmanager:owningService'

/** The columns of a `Secret`. */
export const secretColumns = `
  id, sequence, account_id AS accountId, region, name, arn, description, kms_key_id AS kmsKeyId, type, tagged,
  created_with AS creationToken, primary_id AS primaryId,
  CASE
    WHEN primary_id IS NOT NULL THEN (SELECT region FROM secrets AS one WHERE one.id = secrets.primary_id)
    WHEN EXISTS (SELECT 1 FROM replications WHERE replications.primary_id = secrets.id) THEN region
  END AS primaryRegion,
  (SELECT value FROM tags WHERE tags.secret_id = secrets.id AND key = '${owningServiceTag}') AS owningService,
  created_at AS createdAt, changed_at AS changedAt, accessed_on AS accessedOn, deleted_at AS deletedAt, purge_at AS purgeAt`

/** Whether a secret is still there: the end of its recovery window is the end of it, also before it is deleted for good. */
export const isThere = '(purge_at IS NULL OR purge_at > $now)'

export function findByName ({ database }: Store, scope: Scope, name: string, now: number): Secret | undefined {
  return database.statement<Secret>(
    `SELECT ${secretColumns} FROM secrets WHERE account_id = $accountId AND region = $region AND name = $name AND ${isThere}`
  ).get({ ...scope, name, now })
}

export function findByArn ({ database }: Store, scope: Scope, arn: string, now: number): Secret | undefined {
  return database.statement<Secret>(
    `SELECT ${secretColumns} FROM secrets WHERE account_id = $accountId AND region = $region AND arn = $arn AND ${isThere}`
  ).get({ ...scope, arn, now })
}

/** What makes a new secret. */
export type NewSecret = Pick<Secret, 'name' | 'arn' | 'description' | 'kmsKeyId' | 'type' | 'creationToken'>

/** Adds a secret without a version. */
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
 * Stores what a caller can change of a secret itself. Whatever else of a secret is changed, this is called too: its `changedAt`
 * rises, also within one millisecond, and its replicas have something to follow.
 */
export function updateSecret ({ database }: Store, secret: Secret, now: number): void {
  const { id, description, kmsKeyId, type, deletedAt, purgeAt } = secret
  database.statement(`
    UPDATE secrets SET description = $description, kms_key_id = $kmsKeyId, type = $type,
      deleted_at = $deletedAt, purge_at = $purgeAt, changed_at = max($now, changed_at + 1)
    WHERE id = $id`
  ).run({ id, description, kmsKeyId, type, deletedAt, purgeAt, now })
  database.statement('UPDATE secrets SET stale = 1 WHERE primary_id = $id').run({ id })
}

/** Notes the day on which a secret's value was read. */
export function markSecretAccessed ({ database }: Store, { id }: Secret, day: number): void {
  database.statement('UPDATE secrets SET accessed_on = $day WHERE id = $id AND accessed_on IS NOT $day').run({ id, day })
}

/** Deletes a secret with its versions, labels and tags for good. */
export function purgeSecret ({ database }: Store, { id }: Secret): void {
  database.statement('DELETE FROM secrets WHERE id = $id').run({ id })
}

/** Whether there is something that `purgeExpired` would delete. */
export function hasExpired ({ database }: Store, now: number): boolean {
  return database.statement('SELECT 1 FROM secrets WHERE purge_at <= $now LIMIT 1').get({ now }) !== undefined
}

/** Deletes for good every secret, of any account, whose recovery window has run out. */
export function purgeExpired ({ database }: Store, now: number): void {
  database.statement('DELETE FROM secrets WHERE purge_at <= $now').run({ now })
}
