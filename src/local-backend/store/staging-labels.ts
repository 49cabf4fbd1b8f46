import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** The version that a label is on. */
export function versionWithLabel ({ database }: Store, secret: Secret, stage: string): string | undefined {
  return database.statement<{ versionId: string }>(
    'SELECT version_id AS versionId FROM staging_labels WHERE secret_id = $secretId AND stage = $stage'
  ).get({ secretId: secret.id, stage })?.versionId
}

/** A version's labels, or undefined if it has none: the form in which AWS shows them. */
export function labelsOf (store: Store, secret: Secret, versionId: string): string[] | undefined {
  return labelsByVersion(store, secret)?.[versionId]
}

/** All labels of a secret by version, or undefined if there are none. */
export function labelsByVersion ({ database }: Store, secret: Secret): Record<string, string[]> | undefined {
  const rows = database.statement<{ stage: string, versionId: string }>(
    'SELECT stage, version_id AS versionId FROM staging_labels WHERE secret_id = $secretId ORDER BY stage'
  ).all({ secretId: secret.id })
  if (rows.length === 0) return undefined
  const labels = new Map<string, string[]>()
  for (const { stage, versionId } of rows) labels.set(versionId, [...labels.get(versionId) ?? [], stage])
  return Object.fromEntries(labels)
}

/** Puts a label on a version, from wherever it is. */
export function placeLabel ({ database }: Store, secret: Secret, stage: string, versionId: string): void {
  database.statement(`
    INSERT INTO staging_labels (secret_id, stage, version_id) VALUES ($secretId, $stage, $versionId)
    ON CONFLICT DO UPDATE SET version_id = excluded.version_id`
  ).run({ secretId: secret.id, stage, versionId })
}

/** Takes a label off the version that it is on. */
export function removeLabel ({ database }: Store, secret: Secret, stage: string): void {
  database.statement('DELETE FROM staging_labels WHERE secret_id = $secretId AND stage = $stage').run({ secretId: secret.id, stage })
}
