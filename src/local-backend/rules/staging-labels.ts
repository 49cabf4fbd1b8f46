import { limits } from '#src/aws-model/limits'
import { errors } from '#src/aws-protocol/errors'
import { deleteEmptyVersions } from '#src/local-backend/store/empty-versions'
import type { Secret } from '#src/local-backend/store/secrets'
import { labelsByVersion, attachLabel, removeLabel, versionWithLabel } from '#src/local-backend/store/staging-labels'
import type { Store } from '#src/local-backend/store/store'
import { findVersion } from '#src/local-backend/store/versions'

/** The label of the version that is read by default. */
export const current = 'AWSCURRENT'

const previous = 'AWSPREVIOUS'

/** The label of the version that a rotation creates. */
export const pending = 'AWSPENDING'

/** The labels that AWS moves automatically. */
export const awsLabels: readonly string[] = [current, pending, previous]

/**
 * Moves labels to a version, and updates the labels that AWS moves automatically. The version that loses AWSCURRENT receives
 * AWSPREVIOUS, and loses AWSPENDING if it has that label. A secret's first version always receives AWSCURRENT.
 *
 * @throws AwsError `LimitExceededException` if the given labels would raise the secret's number of labels above AWS's limit.
 * Labels that are attached automatically may exceed the limit, because otherwise a secret at the limit could never be changed
 * again.
 */
export function moveLabels (store: Store, secret: Secret, stages: readonly string[], versionId: string): void {
  checkLimit(store, secret, stages)
  const left = versionWithLabel(store, secret, current)
  const moved = left === undefined ? new Set([...stages, current]) : new Set(stages)
  if (left !== undefined && left !== versionId && moved.has(current)) {
    attachLabel(store, secret, previous, left)
    if (versionWithLabel(store, secret, pending) === left) removeLabel(store, secret, pending)
  }
  for (const stage of moved) attachLabel(store, secret, stage, versionId)
  if (moved.has(current)) removeEmptyPending(store, secret)
  deleteEmptyVersions(store, secret)
}

/**
 * Returns the ID of the version whose rotation is in progress or has failed, if any. That version is labelled AWSPENDING but not
 * AWSCURRENT.
 */
export function pendingVersion (store: Store, secret: Secret): string | undefined {
  const versionId = versionWithLabel(store, secret, pending)
  return versionId === versionWithLabel(store, secret, current) ? undefined : versionId
}

/** Removes a label from its version. If a version without a value loses its last label, it is deleted. */
export function detachLabel (store: Store, secret: Secret, stage: string): void {
  removeLabel(store, secret, stage)
  deleteEmptyVersions(store, secret)
}

/**
 * Ends a rotation whose version has no value yet, by removing the version's label AWSPENDING. Called when AWSCURRENT is moved,
 * because the incomplete rotation would block new rotations. AWS does the same.
 */
function removeEmptyPending (store: Store, secret: Secret): void {
  const versionId = pendingVersion(store, secret)
  if (versionId !== undefined && findVersion(store, secret, versionId) === undefined) removeLabel(store, secret, pending)
}

function checkLimit (store: Store, secret: Secret, stages: readonly string[]): void {
  const before = Object.values(labelsByVersion(store, secret) ?? {}).flat()
  const after = new Set([...before, ...stages])
  const { labelsPerSecret } = limits
  if (after.size > before.length && after.size > labelsPerSecret) throw errors.tooManyLabels(labelsPerSecret)
}
