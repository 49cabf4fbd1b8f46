import type { Scope } from '#src/local-backend/scope'
import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/**
 * An unfinished rotation, or an unfinished test of a rotation function. It is in progress or waiting for a retry, and its version
 * is labelled AWSPENDING.
 *
 * The process that works on an attempt claims it for a limited time and keeps renewing the claim. If that process is killed, the
 * claim expires. Claims expire by the system clock, because the backend's own clock can be replaced.
 */
export interface Attempt {
  versionId: string
  /** 1 for a test of the rotation function, 0 for a rotation. */
  testOnly: number
  /** The number of times that the rotation has failed so far. */
  failures: number
  claimedUntil: number | null
}

/** An attempt that is due, with the location of its secret. */
export interface DueAttempt extends Scope {
  arn: string
  versionId: string
}

/** A process's claim on an attempt. */
export interface AttemptClaim {
  versionId: string
  /** The random ID of the process that holds the claim. */
  owner: string
  /** The time at which the claim expires, in milliseconds since the epoch, by the system clock. */
  until: number
}

export function findAttempt ({ database }: Store, { id }: Secret): Attempt | undefined {
  return database.statement<Attempt>(`
    SELECT version_id AS versionId, test_only AS testOnly, failures, claimed_until AS claimedUntil
    FROM rotation_attempts WHERE secret_id = $id`
  ).get({ id })
}

/** Adds an attempt that is due immediately. It replaces the secret's earlier attempt, if any. */
export function beginAttempt ({ database }: Store, { id }: Secret, versionId: string, testOnly: boolean, now: number): void {
  database.statement(`
    INSERT OR REPLACE INTO rotation_attempts (secret_id, version_id, test_only, due_at)
    VALUES ($id, $versionId, $testOnly, $now)`
  ).run({ id, versionId, testOnly: Number(testOnly), now })
}

/** Records that an attempt failed, releases the claim and schedules the retry. */
export function postponeAttempt ({ database }: Store, { id }: Secret, dueAt: number): void {
  database.statement(`
    UPDATE rotation_attempts SET failures = failures + 1, due_at = $dueAt, claimed_by = NULL, claimed_until = NULL
    WHERE secret_id = $id`
  ).run({ id, dueAt })
}

export function endAttempt ({ database }: Store, { id }: Secret): void {
  database.statement('DELETE FROM rotation_attempts WHERE secret_id = $id').run({ id })
}

/**
 * Claims an attempt, or renews the claim. Returns false if another process holds a claim, or if the version's attempt has ended.
 *
 * @param realNow the time of the system clock, in milliseconds since the epoch
 */
export function claimAttempt ({ database }: Store, { id }: Secret, claim: AttemptClaim, realNow: number): boolean {
  return database.statement(`
    UPDATE rotation_attempts SET claimed_by = $owner, claimed_until = $until
    WHERE secret_id = $id AND version_id = $versionId
      AND (claimed_by = $owner OR claimed_until IS NULL OR claimed_until <= $realNow)
    RETURNING 1`
  ).get({ id, ...claim, realNow }) !== undefined
}

/** Releases a process's claim on an attempt. Does nothing if the process has already lost the claim. */
export function releaseAttempt ({ database }: Store, { id }: Secret, owner: string): void {
  database.statement(`
    UPDATE rotation_attempts SET claimed_by = NULL, claimed_until = NULL WHERE secret_id = $id AND claimed_by = $owner`
  ).run({ id, owner })
}

/**
 * Returns the attempts, in all accounts, that are due and that no process has claimed.
 *
 * @param woken the internal IDs of secrets whose attempts count as due, even if their retry is scheduled for later
 * @param realNow the time of the system clock, in milliseconds since the epoch
 */
export function dueAttempts ({ database }: Store, woken: readonly string[], now: number, realNow: number): DueAttempt[] {
  return database.statement<DueAttempt>(`
    SELECT arn, account_id AS accountId, region, version_id AS versionId
    FROM rotation_attempts JOIN secrets ON id = secret_id
    WHERE (due_at <= $now OR secret_id IN (SELECT value FROM json_each($woken)))
      AND (claimed_until IS NULL OR claimed_until <= $realNow) AND purge_at IS NULL
    ORDER BY due_at`
  ).all({ woken: JSON.stringify(woken), now, realNow })
}

/** Returns the secrets, in all accounts, whose rotation window has opened but whose rotation has not started yet. */
export function secretsToRotate ({ database }: Store, now: number): (Scope & { arn: string })[] {
  return database.statement<Scope & { arn: string }>(`
    SELECT arn, account_id AS accountId, region
    FROM rotations JOIN secrets ON id = secret_id
    WHERE enabled = 1 AND opens_at <= $now AND purge_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM rotation_attempts AS attempt WHERE attempt.secret_id = rotations.secret_id)
    ORDER BY opens_at`
  ).all({ now })
}
