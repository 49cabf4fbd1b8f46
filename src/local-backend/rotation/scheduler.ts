import { randomUUID } from 'node:crypto'
import { writeAndFollow } from '#src/local-backend/rules/replication'
import type { RotationService } from '#src/local-backend/rules/rotation'
import { beginScheduledRotation } from '#src/local-backend/rules/rotation-attempt'
import { dueAttempts, findAttempt, secretsToRotate, type DueAttempt } from '#src/local-backend/store/rotation-attempts'
import { findByArn } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'
import { attemptRotation, type RotationStepEvent } from './attempt.ts'
import { invoke, type InvokeOptions } from './invoke.ts'

export interface SchedulerOptions extends InvokeOptions {
  store: Store
  /** Milliseconds since the epoch. */
  now: () => number
  onRotationStep: (event: RotationStepEvent) => void
}

/** Carries rotations out: those that are begun by RotateSecret, and those that are due. */
export interface Scheduler extends RotationService {
  /** Looks for what is due from now on, every second by the real clock. */
  start: () => void
  /** Carries out what is due now, and all that comes of it; ends when nothing is under way in this process. */
  runDue: () => Promise<void>
  /** Ends the calls of functions that are under way; the rotations are attempted again by whoever opens the store next. */
  close: () => Promise<void>
}

const interval = 1000
/** A module's function is a process each. */
const mostAtOnce = 8

export function createScheduler (options: SchedulerOptions): Scheduler {
  const { store, now, find, onRotationStep } = options
  const closing = new AbortController()
  const context = {
    store, now, onRotationStep, owner: randomUUID(), closing: closing.signal,
    invoke: invoke.bind(undefined, options)
  }
  /** By secret and version. */
  const running = new Map<string, Promise<void>>()
  const wanted = new Set<string>()
  let timer: NodeJS.Timeout | undefined

  function startDue (): void {
    if (closing.signal.aborted) return
    beginDue(store, now())
    const due = dueAttempts(store, [...wanted], now(), Date.now()).filter((attempt) => !running.has(keyOf(attempt)))
    wanted.clear()
    for (const attempt of due.slice(0, mostAtOnce - running.size)) running.set(keyOf(attempt), run(attempt))
  }

  async function run (attempt: DueAttempt): Promise<void> {
    try {
      await attemptRotation(context, attempt)
    } catch {
      // Another process is writing for too long. The claim runs out, and then the rotation is attempted again.
    } finally {
      running.delete(keyOf(attempt))
    }
  }

  function tick (): void {
    try {
      startDue()
    } catch {
      // Another process is writing. The next tick is near.
    }
  }

  return {
    isInvokable: (functionArn) => find(functionArn) !== undefined,
    wake (secret) {
      wanted.add(secret.id)
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

/** Begins the rotations whose window has opened. */
function beginDue (store: Store, now: number): void {
  for (const { arn, accountId, region } of secretsToRotate(store, now)) {
    writeAndFollow({ store, now }, () => {
      const secret = findByArn(store, { accountId, region }, arn, now)
      // Another process may have been faster.
      if (secret === undefined || findAttempt(store, secret) !== undefined) return
      beginScheduledRotation(store, secret, randomUUID(), now)
    })
  }
}
