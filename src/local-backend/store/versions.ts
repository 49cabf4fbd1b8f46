import { errors } from '../protocol/errors.ts'
import { seal, unseal } from './sealing.ts'
import { dataKeyOf, type Secret } from './secrets.ts'
import { type Store } from './store.ts'

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
  /** Null for the key that AWS manages. */
  kmsKeyId: string | null
  createdAt: number
  accessedOn: number | null
}

const versionColumns = `
  sequence, version_id AS versionId, value_member AS member, value AS sealedValue, kms_key_id AS kmsKeyId,
  created_at AS createdAt, accessed_on AS accessedOn`

/** AWS keeps this many of the newest versions that have no label, and all that are younger than a day. */
const keptWithoutLabel = 100
const keptAtLeast = 86_400_000

const isLabelled = `EXISTS (
  SELECT 1 FROM staging_labels AS label WHERE label.secret_id = versions.secret_id AND label.version_id = versions.version_id)`

export function findVersion ({ database }: Store, secret: Secret, versionId: string): Version | undefined {
  return database.statement<Version>(
    `SELECT ${versionColumns} FROM versions WHERE secret_id = $secretId AND version_id = $versionId AND value IS NOT NULL`
  ).get({ secretId: secret.id, versionId })
}

/** A secret's versions from the oldest on, after a sequence number; those without a label only where they are asked for. */
export function listVersions ({ database }: Store, secret: Secret, after: number, includeDeprecated: boolean): Iterable<Version> {
  return database.statement<Version>(`
    SELECT ${versionColumns} FROM versions
    WHERE secret_id = $secretId AND sequence > $after AND ($includeDeprecated OR ${isLabelled})
    ORDER BY sequence`
  ).iterate({ secretId: secret.id, after, includeDeprecated: Number(includeDeprecated) })
}

/** Adds a version, without a label, its value sealed and bound to the secret and the version. */
export function insertVersion (
  store: Store, secret: Secret, versionId: string, { member, bytes }: SecretValue, now: number
): void {
  const value = seal(openDataKey(store, secret), valuePlace(secret, versionId, member), bytes)
  store.database.statement(`
    INSERT INTO versions (secret_id, version_id, value_member, value, kms_key_id, created_at)
    VALUES ($secretId, $versionId, $member, $value, $kmsKeyId, $now)`
  ).run({ secretId: secret.id, versionId, member, value, kmsKeyId: secret.kmsKeyId, now })
}

/** Opens a version's value; throws DecryptionFailure if what is stored was not sealed for this very version. */
export function readValue (store: Store, secret: Secret, version: Version): SecretValue {
  const bytes = unseal(openDataKey(store, secret), valuePlace(secret, version.versionId, version.member), version.sealedValue)
  if (bytes === undefined) throw errors.decryptionFailure()
  return { member: version.member, bytes }
}

/** Notes the day on which a version's value was read. */
export function markVersionAccessed ({ database }: Store, { sequence }: Version, day: number): void {
  database.statement(
    'UPDATE versions SET accessed_on = $day WHERE sequence = $sequence AND accessed_on IS NOT $day'
  ).run({ sequence, day })
}

/** A change of a secret's KMS key reaches the versions with one of AWS's own labels. */
export function changeKmsKey ({ database }: Store, secret: Secret): void {
  database.statement(`
    UPDATE versions SET kms_key_id = $kmsKeyId
    WHERE secret_id = $secretId AND version_id IN (
      SELECT version_id FROM staging_labels
      WHERE secret_id = $secretId AND stage IN ('AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS'))`
  ).run({ secretId: secret.id, kmsKeyId: secret.kmsKeyId })
}

/** Deletes the versions without a label that AWS would no longer keep. */
export function deleteOutdatedVersions ({ database }: Store, secret: Secret, now: number): void {
  database.statement(`
    DELETE FROM versions WHERE sequence IN (
      SELECT sequence FROM versions WHERE secret_id = $secretId AND NOT ${isLabelled}
      ORDER BY sequence DESC LIMIT -1 OFFSET ${keptWithoutLabel})
    AND created_at <= $before`
  ).run({ secretId: secret.id, before: now - keptAtLeast })
}

function openDataKey (store: Store, secret: Secret): Uint8Array {
  const key = dataKeyOf(store, secret)
  if (key === undefined) throw errors.decryptionFailure()
  return key
}

function valuePlace (secret: Secret, versionId: string, member: string): string[] {
  return ['value', secret.id, versionId, member]
}
