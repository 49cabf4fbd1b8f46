import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** Returns the ID of the version that a label is attached to; undefined if there is no such version. */
export function versionWithLabel ({ database }: Store, secret: Secret, stage: string): string | undefined {
  return database.statement<{ versionId: string }>(
    'SELECT version_id AS versionId FROM staging_labels WHERE secret_id = $secretId AND stage = $stage'
  ).get({ secretId: secret.id, stage })?.versionId
}

/** Returns a version's labels; undefined instead of an empty list, because AWS omits the field if there are none. */
export function labelsOf (store: Store, secret: Secret, versionId: string): string[] | undefined {
  return labelsByVersion(store, secret)?.[versionId]
}

/** Returns all labels of a secret, keyed by version ID; undefined if there are none. */
export function labelsByVersion ({ database }: Store, secret: Secret): Record<string, string[]> | undefined {
  const rows = database.statement<{ stage: string, versionId: string }>(
    'SELECT stage, version_id AS versionId FROM staging_labels WHERE secret_id = $secretId ORDER BY stage'
  ).all({ secretId: secret.id })
  if (rows.length === 0) return undefined
  const labels = new Map<string, string[]>()
  for (const { stage, versionId } of rows) labels.set(versionId, [...labels.get(versionId) ?? [], stage])
  return Object.fromEntries(labels)
}

/** Attaches a label to a version, and detaches it from any other version of the secret. */
export function attachLabel ({ database }: Store, secret: Secret, stage: string, versionId: string): void {
  database.statement(`
    INSERT INTO staging_labels (secret_id, stage, version_id) VALUES ($secretId, $stage, $versionId)
    ON CONFLICT DO UPDATE SET version_id = excluded.version_id`
  ).run({ secretId: secret.id, stage, versionId })
}

/** Removes a label from the version that has it, if any. */
export function removeLabel ({ database }: Store, secret: Secret, stage: string): void {
  database.statement('DELETE FROM staging_labels WHERE secret_id = $secretId AND stage = $stage').run({ secretId: secret.id, stage })
}
