import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { createConcurrencyLimiter } from '#src/admission/concurrency-limiter'
import type { Monotonic } from '#src/clock'
import { Problem } from '#src/problems/problem'
import { bulkResults, type BulkStop } from '#src/secrets/bulk/schemas'
import { countOf, zeroCounts } from '#src/secrets/counts'
import type { Scope } from '#src/secrets/scope'
import { createEndedJobs } from './ended-jobs.ts'
import { isReusable, type Job } from './job.ts'
import { snapshot, touch, type LiveJob } from './live-job.ts'
import { jobLimits, tooManyJobs, type JobLimits } from './limits.ts'
import type { JobRequest, Jobs } from './port.ts'

/**
 * Creates a store of jobs in the memory of this process.
 *
 * @param now returns the time in milliseconds since the epoch
 * @param monotonic measures how long an ended job is kept
 */
export function createJobs (
  now: () => number, monotonic: Monotonic, limits: Partial<JobLimits> & Pick<JobLimits, 'bytes'>
): Jobs {
  const { running: all, runningOfOne: ofOneCaller, kept, bytes } = { ...jobLimits, ...limits }
  const running = new Map<LiveJob, Promise<void>>()
  const past = createEndedJobs(monotonic, { kept, bytes })
  const limiter = createConcurrencyLimiter(() => ({ ofOneCaller, all }), tooManyJobs)
  let stopping = false

  const runningOf = (callerId: string): LiveJob[] => Array.from(running.keys()).filter((job) => job.callerId === callerId)

  const lookUp = (callerId: string, id: string): LiveJob | undefined =>
    past.find(callerId, id) ?? runningOf(callerId).find((one) => one.id === id)

  function find (callerId: string, id: string): LiveJob {
    const job = lookUp(callerId, id)
    if (job === undefined) throw new Problem('not-found')
    return job
  }

  const known = (job: LiveJob): Job => snapshot(job, monotonic())

  function enter (callerId: string): () => void {
    if (stopping) throw new Problem('overloaded')
    return limiter.enter(callerId)
  }

  function findReusable ({ idempotencyKey, callerId, environment }: Scope): LiveJob | undefined {
    if (idempotencyKey === undefined) return undefined
    return [...past.of(callerId), ...runningOf(callerId)].find((job) =>
      isReusable(job) && job.idempotencyKey === idempotencyKey && job.environment === environment.name)
  }

  async function run (job: LiveJob, { bulk, toReply }: JobRequest, leave: () => void): Promise<void> {
    try {
      job.summary = await bulk.run({
        signal: job.stop.signal,
        settled (outcome, index) {
          job.settled.push({ item: toReply(outcome), index })
          job.counts[countOf[outcome.result]]++
          job.done = Math.max(job.done, job.settled.length)
          touch(job)
        },
        progress (done) {
          job.done = done
          touch(job)
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
      touch(job)
    }
  }

  return {
    async start (request) {
      const { scope, bulk, begun, ended } = request
      const reused = bulk.dryRun ? undefined : findReusable(scope)
      if (reused !== undefined) return known(reused)
      const leave = enter(scope.callerId)
      const job: LiveJob = {
        id: randomUUID(),
        callerId: scope.callerId,
        environment: scope.environment.name,
        idempotencyKey: bulk.dryRun ? undefined : scope.idempotencyKey,
        total: bulk.total,
        createdAt: now(),
        began: monotonic(),
        done: 0,
        settled: [],
        counts: zeroCounts(bulkResults),
        revision: 0,
        stop: new AbortController(),
        // Turns off Node.js's warning about more than ten listeners. Each client that follows the job adds one, and
        // `server.connections.eventStreamsPerCaller` limits these clients.
        changes: new EventEmitter<{ change: [] }>().setMaxListeners(0)
      }
      begun(job.id)
      running.set(job, run(job, request, leave).then(() => { ended() }, ended))
      return known(job)
    },
    enter,
    find: async (callerId, id) => known(find(callerId, id)),
    results: async ({ callerId, id }, from, most) => lookUp(callerId, id)?.settled.slice(from, from + most),
    async changed ({ callerId, id, revision }, wait) {
      const job = lookUp(callerId, id)
      if (job?.revision === revision) await once(job.changes, 'change', { signal: AbortSignal.timeout(wait) }).catch(() => undefined)
      return job === undefined || job.removed === true ? undefined : known(job)
    },
    async cancel (callerId, id) {
      const job = find(callerId, id)
      job.stop.abort('cancelled' satisfies BulkStop)
      return known(job)
    },
    async stop () {
      stopping = true
      for (const { stop } of running.keys()) stop.abort('shutdown' satisfies BulkStop)
      await Promise.all(running.values())
    }
  }
}
