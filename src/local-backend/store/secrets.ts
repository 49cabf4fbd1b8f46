import { randomBytes, randomUUID } from 'node:crypto'
import { keyBytes, seal, unseal } from './sealing.ts'
import { type Store } from './store.ts'

/** The account and region that a request was signed for; nothing outside them is ever seen. */
export interface Scope {
  accountId: string
  region: string
}

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
  id, sequence, name, arn, description, kms_key_id AS kmsKeyId, type, tagged, data_key AS dataKey,
  created_at AS createdAt, changed_at AS changedAt, accessed_on AS accessedOn, deleted_at AS deletedAt, purge_at AS purgeAt`

export function findByName ({ database }: Store, scope: Scope, name: string): Secret | undefined {
  return database.statement<Secret>(
    `SELECT ${secretColumns} FROM secrets WHERE account_id = $accountId AND region = $region AND name = $name`
  ).get({ ...scope, name })
}

export function findByArn ({ database }: Store, scope: Scope, arn: string): Secret | undefined {
  return database.statement<Secret>(
    `SELECT ${secretColumns} FROM secrets WHERE account_id = $accountId AND region = $region AND arn = $arn`
  ).get({ ...scope, arn })
}

/** What makes a new secret. */
export type NewSecret = Pick<Secret, 'name' | 'arn' | 'description' | 'kmsKeyId' | 'type'>

/** Adds a secret, without a version, with a data key of its own. */
export function insertSecret (store: Store, scope: Scope, secret: NewSecret, now: number): void {
  const { database, masterKey } = store
  const { name, arn, description, kmsKeyId, type } = secret
  const id = randomUUID()
  const dataKey = seal(masterKey, dataKeyPlace(id), randomBytes(keyBytes))
  database.statement(`
    INSERT INTO secrets (id, account_id, region, name, arn, description, kms_key_id, type, data_key, created_at, changed_at)
    VALUES ($id, $accountId, $region, $name, $arn, $description, $kmsKeyId, $type, $dataKey, $now, $now)`
  ).run({ id, ...scope, name, arn, description, kmsKeyId, type, dataKey, now })
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

/** Deletes for good every secret, of any account, whose recovery window has run out. */
export function purgeExpired ({ database }: Store, now: number): void {
  database.statement('DELETE FROM secrets WHERE purge_at <= $now').run({ now })
}

/** The key that a secret's values are sealed with; undefined if it can't be opened. */
export function dataKeyOf ({ masterKey }: Store, { id, dataKey }: Secret): Uint8Array | undefined {
  return unseal(masterKey, dataKeyPlace(id), dataKey)
}

function dataKeyPlace (secretId: string): string[] {
  return ['data-key', secretId]
}
