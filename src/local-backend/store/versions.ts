import { seal, unseal } from './sealing.ts'
import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** A secret's value, and the member of a request or response that holds it. */
export interface SecretValue {
  member: 'SecretString' | 'SecretBinary'
  bytes: Uint8Array
}

/** A version of a secret, its value still sealed. Times are milliseconds since the epoch. */
export interface Version {
  /** Rises from version to version. */
  sequence: number
  versionId: string
  member: SecretValue['member']
  sealedValue: Uint8Array
  createdAt: number
  accessedOn: number | null
}

/** The columns of a `Version`. */
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
 * A secret's versions from the oldest on, after a sequence number; those without a label only where they are asked for, and never
 * those without a value.
 */
export function listVersions ({ database }: Store, secret: Secret, after: number, includeDeprecated: boolean): Iterable<Version> {
  return database.statement<Version>(`
    SELECT ${versionColumns} FROM versions
    WHERE secret_id = $secretId AND sequence > $after AND value IS NOT NULL AND ($includeDeprecated OR ${isLabelled})
    ORDER BY sequence`
  ).iterate({ secretId: secret.id, after, includeDeprecated: Number(includeDeprecated) })
}

/**
 * Adds a version, without a label, or gives a value to one that has none yet; the value is sealed with a data key and bound to
 * the secret and the version.
 */
export function insertVersion (
  { database }: Store, secret: Secret, dataKey: Uint8Array, versionId: string, { member, bytes }: SecretValue, now: number
): void {
  const value = seal(dataKey, valuePlace(secret, versionId, member), bytes)
  database.statement(`
    INSERT INTO versions (secret_id, version_id, value_member, value, created_at)
    VALUES ($secretId, $versionId, $member, $value, $now)
    ON CONFLICT (secret_id, version_id) DO UPDATE SET value_member = excluded.value_member, value = excluded.value
      WHERE versions.value IS NULL`
  ).run({ secretId: secret.id, versionId, member, value, now })
}

/** Opens a version's value with its data key; undefined if what is stored was not sealed for this very version. */
export function openValue (
  secret: Secret, dataKey: Uint8Array, { versionId, member, sealedValue }: Version
): SecretValue | undefined {
  const bytes = unseal(dataKey, valuePlace(secret, versionId, member), sealedValue)
  return bytes && { member, bytes }
}

/** Notes the day on which a version's value was read. */
export function markVersionAccessed ({ database }: Store, { sequence }: Version, day: number): void {
  database.statement(
    'UPDATE versions SET accessed_on = $day WHERE sequence = $sequence AND accessed_on IS NOT $day'
  ).run({ sequence, day })
}

/**
 * Deletes a secret's versions without a label that were made by a certain time, but for so many of the newest. Both sides are
 * found by the index of the versions' ages, so that what is kept for its youth isn't looked at again with each new version.
 */
export function deleteUnlabelledVersions ({ database }: Store, secret: Secret, kept: number, madeBy: number): void {
  database.statement(`
    DELETE FROM versions
    WHERE secret_id = $secretId AND created_at <= $madeBy AND NOT ${isLabelled} AND sequence <= (
      SELECT sequence FROM versions WHERE secret_id = $secretId AND NOT ${isLabelled}
      ORDER BY created_at DESC, sequence DESC LIMIT 1 OFFSET $kept)`
  ).run({ secretId: secret.id, kept, madeBy })
}

function valuePlace (secret: Secret, versionId: string, member: string): string[] {
  return ['value', secret.id, versionId, member]
}
