import { errors } from '../protocol/errors.ts'
import { type Secret } from './secrets.ts'
import { type Store } from './store.ts'

/** The label of the version that is read where no other is asked for. */
export const current = 'AWSCURRENT'

const previous = 'AWSPREVIOUS'
const pending = 'AWSPENDING'

/** AWS's quota over all versions of a secret. */
const maxLabels = 20

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

/**
 * Moves labels to a version, each from where it is, and with them what AWS moves by itself: where AWSCURRENT leaves a version,
 * that one gets AWSPREVIOUS and loses AWSPENDING. A secret whose first version this is gets AWSCURRENT in any case.
 *
 * Throws LimitExceededException if the secret then has more labels than AWS allows.
 */
export function moveLabels (store: Store, secret: Secret, stages: readonly string[], versionId: string): void {
  const left = versionWithLabel(store, secret, current)
  const moved = left === undefined ? new Set([...stages, current]) : new Set(stages)
  if (left !== undefined && left !== versionId && moved.has(current)) {
    placeLabel(store, secret, previous, left)
    if (versionWithLabel(store, secret, pending) === left) removeLabel(store, secret, pending)
  }
  for (const stage of moved) placeLabel(store, secret, stage, versionId)
  const labels = Object.values(labelsByVersion(store, secret) ?? {}).flat()
  if (labels.length > maxLabels) throw errors.tooManyLabels(maxLabels)
}

function placeLabel ({ database }: Store, secret: Secret, stage: string, versionId: string): void {
  database.statement(`
    INSERT INTO staging_labels (secret_id, stage, version_id) VALUES ($secretId, $stage, $versionId)
    ON CONFLICT DO UPDATE SET version_id = excluded.version_id`
  ).run({ secretId: secret.id, stage, versionId })
}

function removeLabel ({ database }: Store, secret: Secret, stage: string): void {
  database.statement('DELETE FROM staging_labels WHERE secret_id = $secretId AND stage = $stage').run({ secretId: secret.id, stage })
}
