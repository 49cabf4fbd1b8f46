import type { SecretListEntry } from '@aws-sdk/client-secrets-manager'
import { optionalSeconds, seconds, type WireForm } from '#src/aws-protocol/wire-form'
import { findRotation, storeRotation, type Rotation, type RotationRules } from '#src/local-backend/store/rotations'
import type { Secret } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'
import { daysBetweenRotations, windowAfter } from './rotation-schedule.ts'

/** What the operations need of what carries rotations out. */
export interface RotationService {
  /** Whether a function can be invoked. */
  isInvokable: (functionArn: string) => boolean
  /** Lets a secret's rotation be attempted once the operation is answered, also where it is not due yet. */
  wake: (secret: Secret) => void
}

type RotationDetails = Pick<
  WireForm<SecretListEntry>, 'RotationEnabled' | 'RotationLambdaARN' | 'RotationRules' | 'LastRotatedDate' | 'NextRotationDate'
>

/** What DescribeSecret and ListSecrets show of a secret's rotation; both dates only while rotation is enabled. */
export function rotationDetails (store: Store, secret: Secret): RotationDetails {
  const rotation = findRotation(store, secret)
  if (rotation === undefined) return {}
  const { functionArn, enabled, rotatedAt, closesAt } = rotation
  return {
    RotationEnabled: enabled === 1,
    RotationLambdaARN: functionArn,
    RotationRules: rulesOut(rotation),
    LastRotatedDate: optionalSeconds(enabled === 1 ? rotatedAt : null),
    // The last second of the window, as AWS shows it.
    NextRotationDate: closesAt === null ? undefined : seconds(closesAt - 1000)
  }
}

function rulesOut (rotation: Rotation): RotationDetails['RotationRules'] {
  const { expression, duration, afterDays, setAt, opensAt } = rotation
  const days = afterDays ?? daysBetweenRotations(rotation, setAt, opensAt === null ? setAt : opensAt - 1)
  return days === undefined ? undefined : {
    AutomaticallyAfterDays: days,
    Duration: duration ?? undefined,
    ScheduleExpression: expression ?? undefined
  }
}

/** The next window of a rotation, as it is stored. */
export function nextWindow (rules: RotationRules, setAt: number, now: number): Pick<Rotation, 'opensAt' | 'closesAt'> {
  return windowAfter(rules, setAt, now) ?? { opensAt: null, closesAt: null }
}

/** Counts a secret's next rotation from now on: after one, and after a new value, which AWS considers a valid rotation. */
export function reschedule (store: Store, secret: Secret, now: number): void {
  const rotation = findRotation(store, secret)
  if (rotation?.enabled === 1) storeRotation(store, secret, { ...rotation, ...nextWindow(rotation, rotation.setAt, now) })
}
