import { deleteVersion, insertEmptyVersion } from '#src/local-backend/store/empty-versions'
import { beginAttempt, endAttempt, findAttempt, postponeAttempt } from '#src/local-backend/store/rotation-attempts'
import { findRotation, storeRotation } from '#src/local-backend/store/rotations'
import { updateSecret, type Secret } from '#src/local-backend/store/secrets'
import { labelsOf, attachLabel, removeLabel, versionWithLabel } from '#src/local-backend/store/staging-labels'
import type { Store } from '#src/local-backend/store/store'
import { nextWindow, reschedule } from './rotation.ts'
import { current, pending, pendingVersion } from './staging-labels.ts'

/**
 * In milliseconds: the backoff after failed rotations. Each delay is four times the previous one, up to the shortest interval
 * that AWS allows for rotations.
 */
const firstDelay = 60_000
const longestDelay = 4 * 60 * 60_000

/** Starts a rotation and creates its version, which has no value yet. */
export function beginRotation (store: Store, secret: Secret, versionId: string, now: number): void {
  insertEmptyVersion(store, secret, versionId, now)
  attachLabel(store, secret, pending, versionId)
  beginAttempt(store, secret, versionId, false, now)
}

/**
 * Starts a scheduled rotation. If a version is labelled AWSPENDING, that version's rotation is retried. AWS, too, starts no new
 * rotation while one is incomplete.
 */
export function beginScheduledRotation (store: Store, secret: Secret, newVersionId: string, now: number): void {
  const versionId = pendingVersion(store, secret)
  if (versionId === undefined) beginRotation(store, secret, newVersionId, now)
  else beginAttempt(store, secret, versionId, false, now)
  updateSecret(store, secret, now)
}

/** Returns true if a rotation of the secret is incomplete, or if a version is labelled AWSPENDING for another reason. */
export function isRotationIncomplete (store: Store, secret: Secret, realNow: number): boolean {
  const claimedUntil = findAttempt(store, secret)?.claimedUntil ?? 0
  return claimedUntil > realNow || pendingVersion(store, secret) !== undefined
}

/** Returns true if an attempt still has something to do. A new value ends it, and so does removing the label AWSPENDING. */
export function isStillPending (store: Store, secret: Secret, versionId: string): boolean {
  return versionWithLabel(store, secret, pending) === versionId
}

/**
 * Ends a rotation whose steps have all succeeded. Like AWS, it removes the label AWSPENDING.
 *
 * @returns false if the rotation is incomplete, because its last step has not moved the label AWSCURRENT to its version
 */
export function completeRotation (store: Store, secret: Secret, versionId: string, now: number): boolean {
  const rotation = findRotation(store, secret)
  if (rotation === undefined || versionWithLabel(store, secret, current) !== versionId) return false
  if (isStillPending(store, secret, versionId)) removeLabel(store, secret, pending)
  endAttempt(store, secret)
  storeRotation(store, secret, { ...rotation, rotatedAt: now, ...nextWindow(rotation, rotation.setAt, now) })
  updateSecret(store, secret, now)
  return true
}

/** Schedules a failed rotation for a retry, with backoff. */
export function retryLater (store: Store, secret: Secret, now: number): void {
  const failures = findAttempt(store, secret)?.failures ?? 0
  postponeAttempt(store, secret, now + Math.min(firstDelay * 4 ** failures, longestDelay))
}

/** Ends an attempt that has nothing left to do. */
export function abandonAttempt (store: Store, secret: Secret, now: number): void {
  endAttempt(store, secret)
  reschedule(store, secret, now)
}

/** Ends a test of the function. Deletes its version, unless the function has attached another label to it. */
export function endTest (store: Store, secret: Secret, versionId: string, now: number): void {
  endAttempt(store, secret)
  if (isStillPending(store, secret, versionId)) removeLabel(store, secret, pending)
  if (labelsOf(store, secret, versionId) === undefined) deleteVersion(store, secret, versionId)
  updateSecret(store, secret, now)
}
