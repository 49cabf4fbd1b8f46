import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { createRoom } from '#src/admission/room'
import type { Monotonic } from '#src/clock'
import { Problem } from '#src/problems/problem'
import type { BulkOutcome } from '#src/secrets/bulk/plan'
import type { BulkItemReply } from '#src/secrets/bulk/reply'
import type { BulkRun } from '#src/secrets/bulk/run'
import { bulkResults, type BulkStop } from '#src/secrets/bulk/schemas'
import { countOf, zeroCounts } from '#src/secrets/counts'
import type { Scope } from '#src/secrets/scope'
import { createEndedJobs } from './ended-jobs.ts'
import type { Job } from './job.ts'

/** The jobs of this process. */
export interface Jobs {
  /**
   * Starts a job.
   *
   * @param toReply returns the JSON form of a result
   * @param ended called when the job ends, with the error if the run threw one
   * @throws Problem `overloaded` if too many jobs are running, or during shutdown
   */
  start: (scope: Scope, bulk: BulkRun, toReply: (outcome: BulkOutcome) => BulkItemReply, ended: (fault?: unknown) => void) => Job
  /**
   * Counts a bulk operation whose caller waits for the result. It counts towards the same limits as a running job.
   *
   * @returns a function to call when the operation has ended
   * @throws Problem `overloaded` if too many are running, or during shutdown
   */
  enter: (callerId: string) => () => void
  /** Returns one of the caller's jobs. @throws Problem `not-found` if no job has this ID, or if the job is another caller's */
  find: (callerId: string, id: string) => Job
  /** Returns the job of an earlier request with the same caller, environment and `Idempotency-Key`, if it can be reused. */
  findReusable: (scope: Scope) => Job | undefined
  /** Cancels a job. No further secrets are processed. */
  cancel: (job: Job) => void
  /** Stops all jobs. Resolves when they have ended. */
  stop: () => Promise<void>
}

/** The limits on jobs. */
export interface JobLimits {
  /** The maximum number of jobs and other bulk operations that run at the same time, for all callers together. */
  running: number
  /** The maximum number of jobs and other bulk operations that run at the same time for one caller. */
  runningOfOne: number
  /** The time for which an ended job is kept, in milliseconds. */
  kept: number
}

/**
 * Returns true if a repeated request can be answered with this job. The job must be running, or have succeeded completely. A
 * repeated request must not start a second run while the first is running, because the second run could rely on changes that the
 * first is about to roll back.
 */
const isReusable = ({ endedAt, problem, counts }: Job): boolean =>
  endedAt === undefined || (problem === undefined && counts.failed + counts.rolledBack + counts.notStarted === 0)

const defaults: JobLimits = { running: 32, runningOfOne: 8, kept: 60 * 60 * 1_000 }

/**
 * Creates an in-memory store of jobs.
 *
 * @param now returns the time in milliseconds since the epoch
 * @param monotonic measures how long an ended job is kept
 * @param endedBytes returns the maximum memory of all ended jobs together, in bytes
 */
export function createJobs (
  now: () => number, monotonic: Monotonic, endedBytes: () => number, limits: JobLimits = defaults
): Jobs {
  const running = new Map<Job, Promise<void>>()
  const past = createEndedJobs(monotonic, { kept: limits.kept, bytes: endedBytes })
  const room = createRoom({ all: limits.running, ofOneCaller: limits.runningOfOne })
  let stopping = false

  const runningOf = (callerId: string): Job[] => Array.from(running.keys()).filter((job) => job.callerId === callerId)

  function enter (callerId: string): () => void {
    if (stopping) throw new Problem('overloaded')
    return room.enter(callerId)
  }

  async function run (
    job: Job, bulk: BulkRun, toReply: (outcome: BulkOutcome) => BulkItemReply, leave: () => void
  ): Promise<void> {
    try {
      job.summary = await bulk.run({
        signal: job.stop.signal,
        settled (outcome, index) {
          job.settled.push({ item: toReply(outcome), index })
          job.counts[countOf[outcome.result]]++
          job.done = Math.max(job.done, job.settled.length)
          job.changes.emit('change')
        },
        progress (done) {
          job.done = done
          job.changes.emit('change')
        }
      })
    } catch (error) {
      job.problem = error instanceof Problem ? error : new Problem('internal-error')
      throw error
    } finally {
      job.endedAt = now()
      job.ended = monotonic()
      running.delete(job)
      past.add(job)
      leave()
      job.changes.emit('change')
    }
  }

  return {
    start (scope, bulk, toReply, ended) {
      const leave = enter(scope.callerId)
      const job: Job = {
        id: randomUUID(),
        callerId: scope.callerId,
        environment: scope.environment.name,
        idempotencyKey: bulk.dryRun ? undefined : scope.idempotencyKey,
        total: bulk.total,
        dryRun: bulk.dryRun,
        createdAt: now(),
        began: monotonic(),
        done: 0,
        settled: [],
        counts: zeroCounts(bulkResults),
        stop: new AbortController(),
        // Turns off Node.js's warning about more than ten listeners. Each client that follows the job adds one, and these clients
        // are limited by `server.connections.eventStreamsPerCaller`.
        changes: new EventEmitter<{ change: [] }>().setMaxListeners(0)
      }
      running.set(job, run(job, bulk, toReply, leave).then(() => { ended() }, ended))
      return job
    },
    enter,
    find (callerId, id) {
      const job = past.find(callerId, id) ?? runningOf(callerId).find((one) => one.id === id)
      if (job === undefined) throw new Problem('not-found')
      return job
    },
    findReusable ({ idempotencyKey, callerId, environment }) {
      if (idempotencyKey === undefined) return undefined
      return [...past.of(callerId), ...runningOf(callerId)].find((job) =>
        isReusable(job) && job.idempotencyKey === idempotencyKey && job.environment === environment.name)
    },
    cancel ({ stop }) {
      stop.abort('cancelled' satisfies BulkStop)
    },
    async stop () {
      stopping = true
      for (const { stop } of running.keys()) stop.abort('shutdown' satisfies BulkStop)
      await Promise.all(running.values())
    }
  }
}
