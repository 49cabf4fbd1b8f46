import { seal, unseal } from './sealing.ts'
import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** A secret's value, with the member that contains it in requests and replies. */
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

/** The SQL columns of a `Version`. */
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
 * Returns a secret's versions after a sequence number, oldest first. Versions without a value are never included, and those
 * without a label only on request.
 */
export function listVersions ({ database }: Store, secret: Secret, after: number, includeDeprecated: boolean): Iterable<Version> {
  return database.statement<Version>(`
    SELECT ${versionColumns} FROM versions
    WHERE secret_id = $secretId AND sequence > $after AND value IS NOT NULL AND ($includeDeprecated OR ${isLabelled})
    ORDER BY sequence`
  ).iterate({ secretId: secret.id, after, includeDeprecated: Number(includeDeprecated) })
}

/**
 * Adds a version without labels, or sets the value of one that has none yet. The value is encrypted with a data key, and bound to
 * the secret and the version.
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

/** Decrypts a version's value with its data key; undefined if the stored value was not encrypted for that version. */
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
 * Deletes a secret's unlabelled versions that were created by a certain time, except the newest ones. Both conditions use the
 * index of the versions' ages. Thus young versions, which are kept in any case, are not scanned again for each new version.
 *
 * @param kept the number of newest unlabelled versions to keep
 * @param createdBy a time in milliseconds since the epoch
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
