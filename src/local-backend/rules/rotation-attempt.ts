import { deleteVersion, insertEmptyVersion } from '#src/local-backend/store/empty-versions'
import { beginAttempt, endAttempt, findAttempt, postponeAttempt } from '#src/local-backend/store/rotation-attempts'
import { findRotation, storeRotation } from '#src/local-backend/store/rotations'
import { updateSecret, type Secret } from '#src/local-backend/store/secrets'
import { labelsOf, placeLabel, removeLabel, versionWithLabel } from '#src/local-backend/store/staging-labels'
import type { Store } from '#src/local-backend/store/store'
import { nextWindow, reschedule } from './rotation.ts'
import { current, pending, pendingVersion } from './staging-labels.ts'

/** Milliseconds until a failed rotation is attempted again: four times as many each time, up to the shortest schedule of AWS. */
const firstDelay = 60_000
const longestDelay = 4 * 60 * 60_000

/** Begins a rotation that makes a version, which has no value yet. */
export function beginRotation (store: Store, secret: Secret, versionId: string, now: number): void {
  insertEmptyVersion(store, secret, versionId, now)
  placeLabel(store, secret, pending, versionId)
  beginAttempt(store, secret, versionId, false, now)
}

/**
 * Begins the rotation that a schedule asks for. Where a version is labelled AWSPENDING it is that version's rotation that is
 * attempted again: so it is with AWS, which makes no other as long as one isn't complete.
 */
export function beginScheduledRotation (store: Store, secret: Secret, newVersionId: string, now: number): void {
  const versionId = pendingVersion(store, secret)
  if (versionId === undefined) beginRotation(store, secret, newVersionId, now)
  else beginAttempt(store, secret, versionId, false, now)
  updateSecret(store, secret, now)
}

/** Whether a secret's rotation has begun and not ended, or somebody else has labelled a version AWSPENDING. */
export function isUnderWay (store: Store, secret: Secret, realNow: number): boolean {
  const claimedUntil = findAttempt(store, secret)?.claimedUntil ?? 0
  return claimedUntil > realNow || pendingVersion(store, secret) !== undefined
}

/** Whether an attempt has still something to do: a new value, or whoever takes the label AWSPENDING off, ends it. */
export function isWanted (store: Store, secret: Secret, versionId: string): boolean {
  return versionWithLabel(store, secret, pending) === versionId
}

/**
 * Ends a rotation whose steps have all succeeded, and tells whether it is complete: whether the last step has made its version
 * the current one. AWS takes the label AWSPENDING off then.
 */
export function completeRotation (store: Store, secret: Secret, versionId: string, now: number): boolean {
  const rotation = findRotation(store, secret)
  if (rotation === undefined || versionWithLabel(store, secret, current) !== versionId) return false
  if (isWanted(store, secret, versionId)) removeLabel(store, secret, pending)
  endAttempt(store, secret)
  storeRotation(store, secret, { ...rotation, rotatedAt: now, ...nextWindow(rotation, rotation.setAt, now) })
  updateSecret(store, secret, now)
  return true
}

/** Leaves a rotation that has failed as it is, to be attempted again after a while. */
export function retryLater (store: Store, secret: Secret, now: number): void {
  const failures = findAttempt(store, secret)?.failures ?? 0
  postponeAttempt(store, secret, now + Math.min(firstDelay * 4 ** failures, longestDelay))
}

/** Ends an attempt that nobody wants any more. */
export function abandonAttempt (store: Store, secret: Secret, now: number): void {
  endAttempt(store, secret)
  reschedule(store, secret, now)
}

/** Ends a test of the function: its version goes, unless the function has given it another label. */
export function endTest (store: Store, secret: Secret, versionId: string, now: number): void {
  endAttempt(store, secret)
  if (isWanted(store, secret, versionId)) removeLabel(store, secret, pending)
  if (labelsOf(store, secret, versionId) === undefined) deleteVersion(store, secret, versionId)
  updateSecret(store, secret, now)
}
