import { randomUUID } from 'node:crypto'
import type { SimulatedFaults } from '#src/local-backend/rules/simulated-faults'
import { writeAndReplicate } from '#src/local-backend/rules/replication'
import type { RotationService } from '#src/local-backend/rules/rotation'
import { beginScheduledRotation } from '#src/local-backend/rules/rotation-attempt'
import { dueAttempts, findAttempt, secretsToRotate, type DueAttempt } from '#src/local-backend/store/rotation-attempts'
import { findByArn } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'
import { attemptRotation, type RotationStepEvent } from './attempt.ts'
import { FunctionError } from './function-error.ts'
import { invoke, type InvokeOptions } from './invoke.ts'
import type { Invocation } from './rotation-event.ts'

export interface SchedulerOptions extends InvokeOptions {
  store: Store
  /** Returns the current time, in milliseconds since the epoch. */
  now: () => number
  faults: SimulatedFaults
  onRotationStep: (event: RotationStepEvent) => void
}

/** Carries out the rotations that RotateSecret started and those that are due according to their schedule. */
export interface Scheduler extends RotationService {
  /** Starts checking for due rotations once per second of real time. */
  start: () => void
  /**
   * Carries out all rotations that are due now, and those that become due in the meantime. Resolves once this process has no
   * rotation in progress.
   */
  runDue: () => Promise<void>
  /**
   * Aborts the function calls in progress and releases the claims on their rotations. Another process, or this backend after a
   * restart, can then retry the rotations.
   */
  close: () => Promise<void>
}

const interval = 1000
/**
 * The maximum number of concurrent rotations. It also limits the number of child processes, because each call to a rotation
 * function in a module starts one.
 */
const maxConcurrent = 8

export function createScheduler (options: SchedulerOptions): Scheduler {
  const { store, now, faults, find, onRotationStep } = options
  const closing = new AbortController()
  const context = {
    store, now, faults, onRotationStep, owner: randomUUID(), closing: closing.signal,
    async invoke (invocation: Invocation) {
      if (faults.rotationStepFails()) throw new FunctionError('TooManyRequestsException')
      await invoke(options, invocation)
    }
  }
  /** The rotations in progress, keyed by the secret's ARN and the version ID. */
  const running = new Map<string, Promise<void>>()
  const woken = new Set<string>()
  let timer: NodeJS.Timeout | undefined

  function startDue (): void {
    if (closing.signal.aborted) return
    beginDue(options, now())
    const due = dueAttempts(store, [...woken], now(), Date.now()).filter((attempt) => !running.has(keyOf(attempt)))
    woken.clear()
    for (const attempt of due.slice(0, maxConcurrent - running.size)) running.set(keyOf(attempt), run(attempt))
  }

  async function run (attempt: DueAttempt): Promise<void> {
    try {
      await attemptRotation(context, attempt)
    } catch {
      // Another process held the write lock for too long. A later tick retries the rotation. If this process has claimed the
      // rotation, the claim must expire before the retry.
    } finally {
      running.delete(keyOf(attempt))
    }
  }

  function tick (): void {
    try {
      startDue()
    } catch {
      // Another process is writing. The next tick will try again.
    }
  }

  return {
    isInvokable: (functionArn) => find(functionArn) !== undefined,
    wake (secret) {
      woken.add(secret.id)
      setImmediate(tick)
    },
    start () {
      timer = setInterval(tick, interval).unref()
    },
    async runDue () {
      startDue()
      while (running.size > 0) {
        await Promise.all(running.values())
        startDue()
      }
    },
    async close () {
      clearInterval(timer)
      closing.abort()
      await Promise.all(running.values())
    }
  }
}

function keyOf ({ arn, versionId }: DueAttempt): string {
  return `${arn} ${versionId}`
}

/** Starts the scheduled rotations whose rotation window has opened. */
function beginDue ({ store, faults }: SchedulerOptions, now: number): void {
  for (const { arn, accountId, region } of secretsToRotate(store, now)) {
    writeAndReplicate({ store, now, faults }, () => {
      const secret = findByArn(store, { accountId, region }, arn, now)
      // Another process may have started the rotation first.
      if (secret === undefined || findAttempt(store, secret) !== undefined) return
      beginScheduledRotation(store, secret, randomUUID(), now)
    })
  }
}
