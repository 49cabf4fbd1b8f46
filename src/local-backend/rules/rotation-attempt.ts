import { deleteVersion, insertEmptyVersion } from '#src/local-backend/store/empty-versions'
import { beginAttempt, endAttempt, findAttempt, postponeAttempt } from '#src/local-backend/store/rotation-attempts'
import { findRotation, storeRotation } from '#src/local-backend/store/rotations'
import { updateSecret, type Secret } from '#src/local-backend/store/secrets'
import { labelsOf, attachLabel, removeLabel, versionWithLabel } from '#src/local-backend/store/staging-labels'
import type { Store } from '#src/local-backend/store/store'
import { nextWindow, reschedule } from './rotation.ts'
import { current, pending, pendingVersion } from './staging-labels.ts'

/**
 * The first and the longest delay before a failed rotation is retried, in milliseconds. Each delay is four times the previous
 * delay, up to four hours. Four hours is also the shortest interval that AWS allows between scheduled rotations.
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
 * Starts a scheduled rotation. Like AWS, starts no new rotation while an earlier one is incomplete. If a version is still
 * labelled AWSPENDING, retries the rotation of that version instead.
 */
export function beginScheduledRotation (store: Store, secret: Secret, newVersionId: string, now: number): void {
  const versionId = pendingVersion(store, secret)
  if (versionId === undefined) beginRotation(store, secret, newVersionId, now)
  else beginAttempt(store, secret, versionId, false, now)
  updateSecret(store, secret, now)
}

/**
 * Returns true if a process is carrying out a rotation of the secret, or if a version is labelled AWSPENDING but not AWSCURRENT,
 * for whatever reason.
 *
 * @param realNow the time of the system clock, in milliseconds since the epoch
 */
export function isRotationIncomplete (store: Store, secret: Secret, realNow: number): boolean {
  const claimedUntil = findAttempt(store, secret)?.claimedUntil ?? 0
  return claimedUntil > realNow || pendingVersion(store, secret) !== undefined
}

/**
 * Returns true if the attempt's version is still labelled AWSPENDING. Once the version has lost the label, the attempt has
 * nothing left to do.
 */
export function isStillPending (store: Store, secret: Secret, versionId: string): boolean {
  return versionWithLabel(store, secret, pending) === versionId
}

/**
 * Ends a rotation whose steps have all succeeded. Like AWS, removes the label AWSPENDING.
 *
 * @returns false, without ending the rotation, if its last step didn't move the label AWSCURRENT to the rotation's version
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

/** Schedules a retry of a failed rotation, with exponential backoff. */
export function retryLater (store: Store, secret: Secret, now: number): void {
  const failures = findAttempt(store, secret)?.failures ?? 0
  postponeAttempt(store, secret, now + Math.min(firstDelay * 4 ** failures, longestDelay))
}

/** Ends an attempt that has nothing left to do, and schedules the secret's next rotation. */
export function abandonAttempt (store: Store, secret: Secret, now: number): void {
  endAttempt(store, secret)
  reschedule(store, secret, now)
}

/**
 * Ends a test of a rotation function. Deletes the version that was created for the test, unless the function attached another
 * label to it.
 */
export function endTest (store: Store, secret: Secret, versionId: string, now: number): void {
  endAttempt(store, secret)
  if (isStillPending(store, secret, versionId)) removeLabel(store, secret, pending)
  if (labelsOf(store, secret, versionId) === undefined) deleteVersion(store, secret, versionId)
  updateSecret(store, secret, now)
}
