import { limits } from '#src/aws-model/limits'
import { errors } from '#src/aws-protocol/errors'
import { deleteEmptyVersions } from '#src/local-backend/store/empty-versions'
import type { Secret } from '#src/local-backend/store/secrets'
import { labelsByVersion, placeLabel, removeLabel, versionWithLabel } from '#src/local-backend/store/staging-labels'
import type { Store } from '#src/local-backend/store/store'
import { findVersion } from '#src/local-backend/store/versions'

/** The label of the version that is read where no other is asked for. */
export const current = 'AWSCURRENT'

const previous = 'AWSPREVIOUS'

/** The label of the version that a rotation makes. */
export const pending = 'AWSPENDING'

/** The labels that AWS moves by itself. */
export const awsLabels: readonly string[] = [current, pending, previous]

/**
 * Moves labels to a version, each from where it is, and with them what AWS moves by itself: where AWSCURRENT leaves a version,
 * that one gets AWSPREVIOUS and loses AWSPENDING. A secret whose first version this is gets AWSCURRENT in any case.
 *
 * Throws LimitExceededException if a label that is asked for would be one more than AWS allows. What AWS moves by itself is
 * never refused: a secret could not be written any more.
 */
export function moveLabels (store: Store, secret: Secret, stages: readonly string[], versionId: string): void {
  checkLimit(store, secret, stages)
  const left = versionWithLabel(store, secret, current)
  const moved = left === undefined ? new Set([...stages, current]) : new Set(stages)
  if (left !== undefined && left !== versionId && moved.has(current)) {
    placeLabel(store, secret, previous, left)
    if (versionWithLabel(store, secret, pending) === left) removeLabel(store, secret, pending)
  }
  for (const stage of moved) placeLabel(store, secret, stage, versionId)
  if (moved.has(current)) forgetEmptyPending(store, secret)
  deleteEmptyVersions(store, secret)
}

/** The version of a rotation that is under way or has failed: one that is labelled AWSPENDING and not AWSCURRENT. */
export function pendingVersion (store: Store, secret: Secret): string | undefined {
  const versionId = versionWithLabel(store, secret, pending)
  return versionId === versionWithLabel(store, secret, current) ? undefined : versionId
}

/** Takes a label off the version that it is on, and with its last label a version that has no value. */
export function dropLabel (store: Store, secret: Secret, stage: string): void {
  removeLabel(store, secret, stage)
  deleteEmptyVersions(store, secret)
}

/** A new current value ends a rotation that has not made one of its own yet: so it is with AWS, which would refuse another. */
function forgetEmptyPending (store: Store, secret: Secret): void {
  const versionId = pendingVersion(store, secret)
  if (versionId !== undefined && findVersion(store, secret, versionId) === undefined) removeLabel(store, secret, pending)
}

function checkLimit (store: Store, secret: Secret, stages: readonly string[]): void {
  const before = Object.values(labelsByVersion(store, secret) ?? {}).flat()
  const after = new Set([...before, ...stages])
  const { labelsPerSecret } = limits
  if (after.size > before.length && after.size > labelsPerSecret) throw errors.tooManyLabels(labelsPerSecret)
}
