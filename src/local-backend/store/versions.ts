import { seal, unseal } from './sealing.ts'
import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** A secret's value, and the name of the member that contains it in requests and replies. */
export interface SecretValue {
  member: 'SecretString' | 'SecretBinary'
  bytes: Uint8Array
}

/** A version of a secret, with its value still encrypted. Times are in milliseconds since the epoch. */
export interface Version {
  /** A number that increases with each new version. */
  sequence: number
  versionId: string
  member: SecretValue['member']
  sealedValue: Uint8Array
  createdAt: number
  accessedOn: number | null
}

/** The SQL columns to select for a `Version`. */
export const versionColumns = `
  sequence, version_id AS versionId, value_member AS member, value AS sealedValue,
  created_at AS createdAt, accessed_on AS accessedOn`

const isLabelled = `EXISTS (
  SELECT 1 FROM staging_labels AS label WHERE label.secret_id = versions.secret_id AND label.version_id = versions.version_id)`

export function findVersion ({ database }: Store, secret: Secret, versionId: string): Version | undefined {
  return database.statement<Version>(
    `SELECT ${versionColumns} FROM versions WHERE secret_id = $secretId AND version_id = $versionId AND value IS NOT NULL`
  ).get({ secretId: secret.id, versionId })
}

/**
 * Returns a secret's versions, oldest first, starting after the sequence number `after`. Skips versions without a value. Also
 * skips versions without a label, unless `includeDeprecated` is true.
 */
export function listVersions ({ database }: Store, secret: Secret, after: number, includeDeprecated: boolean): Iterable<Version> {
  return database.statement<Version>(`
    SELECT ${versionColumns} FROM versions
    WHERE secret_id = $secretId AND sequence > $after AND value IS NOT NULL AND ($includeDeprecated OR ${isLabelled})
    ORDER BY sequence`
  ).iterate({ secretId: secret.id, after, includeDeprecated: Number(includeDeprecated) })
}

/**
 * Adds a version without labels. If the version already exists but has no value, sets its value instead. The value is encrypted
 * with the data key, and the ciphertext is bound to the secret and the version.
 */
export function insertVersion (
  { database }: Store, secret: Secret, dataKey: Uint8Array, versionId: string, { member, bytes }: SecretValue, now: number
): void {
  const value = seal(dataKey, valueContext(secret, versionId, member), bytes)
  database.statement(`
    INSERT INTO versions (secret_id, version_id, value_member, value, created_at)
    VALUES ($secretId, $versionId, $member, $value, $now)
    ON CONFLICT (secret_id, version_id) DO UPDATE SET value_member = excluded.value_member, value = excluded.value
      WHERE versions.value IS NULL`
  ).run({ secretId: secret.id, versionId, member, value, now })
}

/**
 * Decrypts a version's value with its data key. Returns undefined if the key is wrong, or if the value was stored for another
 * version.
 */
export function openValue (
  secret: Secret, dataKey: Uint8Array, { versionId, member, sealedValue }: Version
): SecretValue | undefined {
  const bytes = unseal(dataKey, valueContext(secret, versionId, member), sealedValue)
  return bytes && { member, bytes }
}

/** Records the day on which a version's value was read. */
export function markVersionAccessed ({ database }: Store, { sequence }: Version, day: number): void {
  database.statement(
    'UPDATE versions SET accessed_on = $day WHERE sequence = $sequence AND accessed_on IS NOT $day'
  ).run({ sequence, day })
}

/**
 * Deletes a secret's old unlabelled versions, but always keeps the newest ones. The query runs for every new version, so it must
 * not scan all recent versions. It uses the index on creation times twice: to select by age, and to skip the newest versions.
 *
 * @param kept the number of unlabelled versions to keep, whatever their age
 * @param createdBy the latest creation time of the versions to delete, in milliseconds since the epoch
 */
export function deleteUnlabelledVersions ({ database }: Store, secret: Secret, kept: number, createdBy: number): void {
  database.statement(`
    DELETE FROM versions
    WHERE secret_id = $secretId AND created_at <= $createdBy AND NOT ${isLabelled} AND sequence <= (
      SELECT sequence FROM versions WHERE secret_id = $secretId AND NOT ${isLabelled}
      ORDER BY created_at DESC, sequence DESC LIMIT 1 OFFSET $kept)`
  ).run({ secretId: secret.id, kept, createdBy })
}

function valueContext (secret: Secret, versionId: string, member: string): string[] {
  return ['value', secret.id, versionId, member]
}
