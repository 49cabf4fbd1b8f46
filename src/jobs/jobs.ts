import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { Problem } from '#src/problems/problem'
import type { BulkOutcome } from '#src/secrets/bulk/plan'
import type { BulkItemReply } from '#src/secrets/bulk/reply'
import type { BulkRun } from '#src/secrets/bulk/run'
import { bulkResults, type BulkStop } from '#src/secrets/bulk/schemas'
import { countOf, zeroCounts } from '#src/secrets/counts'
import type { Scope } from '#src/secrets/scope'
import type { Job } from './job.ts'

export interface Jobs {
  /**
   * Starts a job.
   *
   * @param toReply gives a result the form in which it is told
   * @param ended is told what was thrown, if anything was, once the job has ended
   * @throws Problem `overloaded`
   */
  start: (scope: Scope, bulk: BulkRun, toReply: (outcome: BulkOutcome) => BulkItemReply, ended: (fault?: unknown) => void) => Job
  /** The caller's job. @throws Problem `not-found`, the same for one of another caller as for none */
  find: (callerId: string, id: string) => Job
  /** The job that the caller's request with this `Idempotency-Key` has started, unless there is something left to do. */
  repeated: (scope: Scope) => Job | undefined
  /** Begins no further secret. */
  cancel: (job: Job) => void
  /** Has all jobs end soon; ends when they have. */
  stop: () => Promise<void>
}

/** What is kept of jobs; beyond that, those that ended first are forgotten. */
export interface JobLimits {
  /** Jobs under way at once: of all callers, and of one. */
  running: number
  runningOfOne: number
  /** Items of all jobs together. */
  items: number
  /** Milliseconds that a job is kept after it has ended. */
  kept: number
}

/**
 * Whether to run a job again would change nothing, since it has done all. Neither is one that goes on run a second time: while it
 * takes back what it has made, the other would count on that.
 */
const isAsGood = ({ endedAt, problem, counts }: Job): boolean =>
  endedAt === undefined || (problem === undefined && counts.failed + counts.rolledBack + counts.notStarted === 0)

const usual: JobLimits = { running: 32, runningOfOne: 8, items: 200_000, kept: 60 * 60 * 1_000 }

/**
 * The jobs of this process, in its memory.
 *
 * @param now milliseconds since the epoch
 */
export function createJobs (now: () => number, limits: JobLimits = usual): Jobs {
  const jobs = new Map<string, Job>()
  const runs = new Map<string, Promise<void>>()
  let stopping = false

  function forget (): void {
    const ended = Array.from(jobs.values()).filter(({ endedAt }) => endedAt !== undefined)
    let items = Array.from(jobs.values()).reduce((sum, { total }) => sum + total, 0)
    for (const { id, endedAt = 0, total } of ended.sort((one, other) => (one.endedAt ?? 0) - (other.endedAt ?? 0))) {
      if (now() - endedAt < limits.kept && items <= limits.items) continue
      jobs.delete(id)
      items -= total
    }
  }

  function assertRoom (callerId: string): void {
    const running = Array.from(jobs.values()).filter(({ endedAt }) => endedAt === undefined)
    const own = running.filter((job) => job.callerId === callerId)
    if (stopping || running.length >= limits.running || own.length >= limits.runningOfOne) throw new Problem('overloaded')
  }

  async function run (job: Job, bulk: BulkRun, toReply: (outcome: BulkOutcome) => BulkItemReply): Promise<void> {
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
      runs.delete(job.id)
      job.changes.emit('change')
    }
  }

  return {
    start (scope, bulk, toReply, ended) {
      assertRoom(scope.callerId)
      const job: Job = {
        id: randomUUID(),
        callerId: scope.callerId,
        environment: scope.environment.name,
        idempotencyKey: bulk.dryRun ? undefined : scope.idempotencyKey,
        total: bulk.total,
        dryRun: bulk.dryRun,
        createdAt: now(),
        done: 0,
        settled: [],
        counts: zeroCounts(bulkResults),
        stop: new AbortController(),
        // One listener for each who follows it.
        changes: new EventEmitter<{ change: [] }>().setMaxListeners(0)
      }
      jobs.set(job.id, job)
      forget()
      runs.set(job.id, run(job, bulk, toReply).then(() => { ended() }, ended))
      return job
    },
    find (callerId, id) {
      forget()
      const job = jobs.get(id)
      if (job?.callerId !== callerId) throw new Problem('not-found')
      return job
    },
    repeated ({ idempotencyKey, callerId, environment }) {
      if (idempotencyKey === undefined) return undefined
      forget()
      return Array.from(jobs.values()).find((job) => isAsGood(job) &&
        job.idempotencyKey === idempotencyKey && job.callerId === callerId && job.environment === environment.name)
    },
    cancel ({ stop }) {
      stop.abort('cancelled' satisfies BulkStop)
    },
    async stop () {
      stopping = true
      for (const { stop } of jobs.values()) stop.abort('shutdown' satisfies BulkStop)
      await Promise.all(runs.values())
    }
  }
}
