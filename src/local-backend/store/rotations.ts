import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** How often a secret is to be rotated, and for how long a window is open; of the first two one at most is given. */
export interface RotationRules {
  afterDays: number | null
  /** `cron(…)` or `rate(…)`. */
  expression: string | null
  /** Hours, with an `h` behind. */
  duration: string | null
}

/** How a secret is rotated. Times are milliseconds since the epoch. */
export interface Rotation extends RotationRules {
  functionArn: string
  /** 0 once rotation was cancelled. */
  enabled: number
  /** When the rules were set. */
  setAt: number
  rotatedAt: number | null
  /** The next window. */
  opensAt: number | null
  closesAt: number | null
}

/** How a secret is rotated; undefined if that was never set. */
export function findRotation ({ database }: Store, { id }: Secret): Rotation | undefined {
  return database.statement<Rotation>(`
    SELECT function_arn AS functionArn, enabled, after_days AS afterDays, expression, duration, set_at AS setAt,
      rotated_at AS rotatedAt, opens_at AS opensAt, closes_at AS closesAt
    FROM rotations WHERE secret_id = $id`
  ).get({ id })
}

/** Stores how a secret is rotated, in the place of what was set before. */
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
