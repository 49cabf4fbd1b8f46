import { randomBytes, randomUUID } from 'node:crypto'
import type { Scope } from '../scope.ts'
import { keyBytes, seal, unseal } from './sealing.ts'
import type { Store } from './store.ts'

/** A secret without its versions and tags. Times are milliseconds since the epoch. */
export interface Secret {
  /** Given once, never used again, and never shown. */
  id: string
  /** Rises from secret to secret. */
  sequence: number
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
  dataKey: Uint8Array
  createdAt: number
  changedAt: number
  accessedOn: number | null
  deletedAt: number | null
  /** The end of the recovery window of a secret that is scheduled for deletion. */
  purgeAt: number | null
}

/** The columns of a `Secret`. */
export const secretColumns = `
  id, sequence, name, arn, description, kms_key_id AS kmsKeyId, type, tagged, created_with AS creationToken,
  data_key AS dataKey,
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

/** Adds a secret, without a version, with a data key of its own. */
export function insertSecret (store: Store, scope: Scope, secret: NewSecret, now: number): void {
  const { database, masterKey } = store
  const { name, arn, description, kmsKeyId, type, creationToken } = secret
  const id = randomUUID()
  const dataKey = seal(masterKey, dataKeyPlace(scope, name, id), randomBytes(keyBytes))
  database.statement(`
    INSERT INTO secrets (
      id, account_id, region, name, arn, description, kms_key_id, type, created_with, data_key, created_at, changed_at)
    VALUES ($id, $accountId, $region, $name, $arn, $description, $kmsKeyId, $type, $creationToken, $dataKey, $now, $now)`
  ).run({ id, ...scope, name, arn, description, kmsKeyId, type, creationToken, dataKey, now })
}

/** Stores what a caller can change of a secret itself; its `changedAt` rises, also within one millisecond. */
export function updateSecret ({ database }: Store, secret: Secret, now: number): void {
  const { id, description, kmsKeyId, type, deletedAt, purgeAt } = secret
  database.statement(`
    UPDATE secrets SET description = $description, kms_key_id = $kmsKeyId, type = $type,
      deleted_at = $deletedAt, purge_at = $purgeAt, changed_at = max($now, changed_at + 1)
    WHERE id = $id`
  ).run({ id, description, kmsKeyId, type, deletedAt, purgeAt, now })
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

/** The key that a secret's values are sealed with; undefined if it was not sealed for this very secret of the scope. */
export function dataKeyOf ({ masterKey }: Store, scope: Scope, { id, name, dataKey }: Secret): Uint8Array | undefined {
  return unseal(masterKey, dataKeyPlace(scope, name, id), dataKey)
}

function dataKeyPlace ({ accountId, region }: Scope, name: string, secretId: string): string[] {
  return ['data-key', accountId, region, name, secretId]
}
