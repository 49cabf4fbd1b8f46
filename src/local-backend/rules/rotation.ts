import type { SecretListEntry } from '@aws-sdk/client-secrets-manager'
import { optionalSeconds, seconds, type WireForm } from '#src/aws-protocol/wire-form'
import { findRotation, storeRotation, type Rotation, type RotationRules } from '#src/local-backend/store/rotations'
import type { Secret } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'
import { daysBetweenRotations, windowAfter } from './rotation-schedule.ts'

/** The part of the rotation scheduler that operations need. */
export interface RotationService {
  /** Returns true if a rotation function is configured for this ARN. */
  isInvokable: (functionArn: string) => boolean
  /**
   * Makes the scheduler start or retry a secret's unfinished rotation as soon as the operation has completed, without waiting for
   * the scheduler's next check or for the retry delay.
   */
  wake: (secret: Secret) => void
}

type RotationDetails = Pick<
  WireForm<SecretListEntry>, 'RotationEnabled' | 'RotationLambdaARN' | 'RotationRules' | 'LastRotatedDate' | 'NextRotationDate'
>

/**
 * Returns the rotation fields of DescribeSecret and ListSecrets. `LastRotatedDate` and `NextRotationDate` are present only while
 * rotation is enabled.
 */
export function rotationDetails (store: Store, secret: Secret): RotationDetails {
  const rotation = findRotation(store, secret)
  if (rotation === undefined) return {}
  const { functionArn, enabled, rotatedAt, closesAt } = rotation
  return {
    RotationEnabled: enabled === 1,
    RotationLambdaARN: functionArn,
    RotationRules: rulesOutput(rotation),
    LastRotatedDate: optionalSeconds(enabled === 1 ? rotatedAt : null),
    // Like AWS, shows the last second of the window.
    NextRotationDate: closesAt === null ? undefined : seconds(closesAt - 1000)
  }
}

function rulesOutput (rotation: Rotation): RotationDetails['RotationRules'] {
  const { expression, duration, afterDays, setAt, opensAt } = rotation
  const days = afterDays ?? daysBetweenRotations(rotation, setAt, opensAt === null ? setAt : opensAt - 1)
  return days === undefined ? undefined : {
    AutomaticallyAfterDays: days,
    Duration: duration ?? undefined,
    ScheduleExpression: expression ?? undefined
  }
}

/** Returns a rotation's next window in its stored form, in which both times are null if there is no schedule. */
export function nextWindow (rules: RotationRules, setAt: number, now: number): Pick<Rotation, 'opensAt' | 'closesAt'> {
  return windowAfter(rules, setAt, now) ?? { opensAt: null, closesAt: null }
}

/**
 * Schedules a secret's next rotation for the first window that opens after `now`. Called when an attempt is abandoned. Also
 * called when a new value becomes current, because AWS counts this as a rotation.
 */
export function reschedule (store: Store, secret: Secret, now: number): void {
  const rotation = findRotation(store, secret)
  if (rotation?.enabled === 1) storeRotation(store, secret, { ...rotation, ...nextWindow(rotation, rotation.setAt, now) })
}
