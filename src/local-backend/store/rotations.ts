import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** A rotation schedule. At most one of `afterDays` and `expression` is set. */
export interface RotationRules {
  afterDays: number | null
  /** A `cron(…)` or `rate(…)` expression. */
  expression: string | null
  /** The length of the rotation window, in hours, such as `3h`; null for the default. */
  duration: string | null
}

/** The rotation settings of a secret. Times are in milliseconds since the epoch. */
export interface Rotation extends RotationRules {
  functionArn: string
  /** 1 if rotation is enabled, 0 if it was cancelled. */
  enabled: number
  /** The time at which the schedule was set. */
  setAt: number
  rotatedAt: number | null
  /** The time at which the next rotation window opens; null if no rotation is scheduled. */
  opensAt: number | null
  /** The time at which the next rotation window closes; null if no rotation is scheduled. */
  closesAt: number | null
}

/** Returns a secret's rotation settings; undefined if rotation was never configured. */
export function findRotation ({ database }: Store, { id }: Secret): Rotation | undefined {
  return database.statement<Rotation>(`
    SELECT function_arn AS functionArn, enabled, after_days AS afterDays, expression, duration, set_at AS setAt,
      rotated_at AS rotatedAt, opens_at AS opensAt, closes_at AS closesAt
    FROM rotations WHERE secret_id = $id`
  ).get({ id })
}

/** Stores a secret's rotation settings, replacing the earlier ones. */
export function storeRotation ({ database }: Store, { id }: Secret, rotation: Rotation): void {
  const { functionArn, enabled, afterDays, expression, duration, setAt, rotatedAt, opensAt, closesAt } = rotation
  database.statement(`
    INSERT INTO rotations (
      secret_id, function_arn, enabled, after_days, expression, duration, set_at, rotated_at, opens_at, closes_at)
    VALUES ($id, $functionArn, $enabled, $afterDays, $expression, $duration, $setAt, $rotatedAt, $opensAt, $closesAt)
    ON CONFLICT DO UPDATE SET
      function_arn = excluded.function_arn, enabled = excluded.enabled, after_days = excluded.after_days,
      expression = excluded.expression, duration = excluded.duration, set_at = excluded.set_at,
      rotated_at = excluded.rotated_at, opens_at = excluded.opens_at, closes_at = excluded.closes_at`
  ).run({ id, functionArn, enabled, afterDays, expression, duration, setAt, rotatedAt, opensAt, closesAt })
}
