import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/**
 * Adds a version that has no value and no labels. A rotation starts with such a version; the rotation function sets the value.
 */
export function insertEmptyVersion ({ database }: Store, { id }: Secret, versionId: string, now: number): void {
  database.statement(
    'INSERT INTO versions (secret_id, version_id, created_at) VALUES ($id, $versionId, $now)'
  ).run({ id, versionId, now })
}

/** Returns true if a secret has a version with this ID, even if the version has no value yet. */
export function hasVersion ({ database }: Store, { id }: Secret, versionId: string): boolean {
  return database.statement('SELECT 1 FROM versions WHERE secret_id = $id AND version_id = $versionId').get({ id, versionId }) !== undefined
}

/** Deletes a secret's versions that have neither a value nor a label. Nothing can use such versions. */
export function deleteEmptyVersions ({ database }: Store, { id }: Secret): void {
  database.statement(`
    DELETE FROM versions
    WHERE secret_id = $id AND value IS NULL AND NOT EXISTS (
      SELECT 1 FROM staging_labels AS label WHERE label.secret_id = $id AND label.version_id = versions.version_id)`
  ).run({ id })
}

/** Permanently deletes a version, together with its value and labels. */
export function deleteVersion ({ database }: Store, { id }: Secret, versionId: string): void {
  database.statement('DELETE FROM versions WHERE secret_id = $id AND version_id = $versionId').run({ id, versionId })
}
