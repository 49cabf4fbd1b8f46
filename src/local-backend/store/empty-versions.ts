import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** Adds a version without a value and without a label: a rotation begins with one, and its function gives the value. */
export function insertEmptyVersion ({ database }: Store, { id }: Secret, versionId: string, now: number): void {
  database.statement(
    'INSERT INTO versions (secret_id, version_id, created_at) VALUES ($id, $versionId, $now)'
  ).run({ id, versionId, now })
}

/** Whether a secret has a version, be it without a value. */
export function hasVersion ({ database }: Store, { id }: Secret, versionId: string): boolean {
  return database.statement('SELECT 1 FROM versions WHERE secret_id = $id AND version_id = $versionId').get({ id, versionId }) !== undefined
}

/** Deletes a secret's versions that have neither value nor label: nothing can be done with them any more. */
export function deleteEmptyVersions ({ database }: Store, { id }: Secret): void {
  database.statement(`
    DELETE FROM versions
    WHERE secret_id = $id AND value IS NULL AND NOT EXISTS (
      SELECT 1 FROM staging_labels AS label WHERE label.secret_id = $id AND label.version_id = versions.version_id)`
  ).run({ id })
}

/** Deletes a version with its value and labels for good. */
export function deleteVersion ({ database }: Store, { id }: Secret, versionId: string): void {
  database.statement('DELETE FROM versions WHERE secret_id = $id AND version_id = $versionId').run({ id, versionId })
}
