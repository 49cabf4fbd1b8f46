import type { Scope } from '#src/local-backend/scope'
import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/**
 * A rotation that has begun and not ended: under way, or to be attempted again. Its version has the label AWSPENDING.
 *
 * A process claims it for a while, by the real clock, and renews the claim: one that was killed leaves a claim that runs out.
 */
export interface Attempt {
  versionId: string
  /** 1 where only the function is tested. */
  testOnly: number
  /** How often it has failed. */
  failures: number
  claimedUntil: number | null
}

/** An attempt, and where it belongs. */
export interface DueAttempt extends Scope {
  arn: string
  versionId: string
}

/** A process's hold on an attempt. Times are milliseconds since the epoch, by the real clock. */
export interface Claim {
  versionId: string
  /** The process. */
  owner: string
  until: number
}

export function findAttempt ({ database }: Store, { id }: Secret): Attempt | undefined {
  return database.statement<Attempt>(`
    SELECT version_id AS versionId, test_only AS testOnly, failures, claimed_until AS claimedUntil
    FROM rotation_attempts WHERE secret_id = $id`
  ).get({ id })
}

/** Notes that a rotation begins, or only a test, which is due at once; an earlier attempt is forgotten. */
export function beginAttempt ({ database }: Store, { id }: Secret, versionId: string, testOnly: boolean, now: number): void {
  database.statement(`
    INSERT OR REPLACE INTO rotation_attempts (secret_id, version_id, test_only, due_at)
    VALUES ($id, $versionId, $testOnly, $now)`
  ).run({ id, versionId, testOnly: Number(testOnly), now })
}

/** Notes that an attempt has failed, and when it is due again; nobody holds it any more. */
export function postponeAttempt ({ database }: Store, { id }: Secret, dueAt: number): void {
  database.statement(`
    UPDATE rotation_attempts SET failures = failures + 1, due_at = $dueAt, claimed_by = NULL, claimed_until = NULL
    WHERE secret_id = $id`
  ).run({ id, dueAt })
}

export function endAttempt ({ database }: Store, { id }: Secret): void {
  database.statement('DELETE FROM rotation_attempts WHERE secret_id = $id').run({ id })
}

/** Claims an attempt, or renews the claim; tells whether it is the owner's now. `realNow` is by the real clock. */
export function claimAttempt ({ database }: Store, { id }: Secret, claim: Claim, realNow: number): boolean {
  return database.statement(`
    UPDATE rotation_attempts SET claimed_by = $owner, claimed_until = $until
    WHERE secret_id = $id AND version_id = $versionId
      AND (claimed_by = $owner OR claimed_until IS NULL OR claimed_until <= $realNow)
    RETURNING 1`
  ).get({ id, ...claim, realNow }) !== undefined
}

/** Gives up the owner's claim of an attempt, if it still has it. */
export function releaseAttempt ({ database }: Store, { id }: Secret, owner: string): void {
  database.statement(`
    UPDATE rotation_attempts SET claimed_by = NULL, claimed_until = NULL WHERE secret_id = $id AND claimed_by = $owner`
  ).run({ id, owner })
}

/** The attempts, of any account, that are due, or that are wanted now, by their secrets' IDs; but none that is claimed. */
export function dueAttempts ({ database }: Store, wanted: readonly string[], now: number, realNow: number): DueAttempt[] {
  return database.statement<DueAttempt>(`
    SELECT arn, account_id AS accountId, region, version_id AS versionId
    FROM rotation_attempts JOIN secrets ON id = secret_id
    WHERE (due_at <= $now OR secret_id IN (SELECT value FROM json_each($wanted)))
      AND (claimed_until IS NULL OR claimed_until <= $realNow) AND purge_at IS NULL
    ORDER BY due_at`
  ).all({ wanted: JSON.stringify(wanted), now, realNow })
}

/** The secrets, of any account, whose rotation window has opened and whose rotation has not begun. */
export function secretsToRotate ({ database }: Store, now: number): (Scope & { arn: string })[] {
  return database.statement<Scope & { arn: string }>(`
    SELECT arn, account_id AS accountId, region
    FROM rotations JOIN secrets ON id = secret_id
    WHERE enabled = 1 AND opens_at <= $now AND purge_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM rotation_attempts AS attempt WHERE attempt.secret_id = rotations.secret_id)
    ORDER BY opens_at`
  ).all({ now })
}
