import { setTimeout } from 'node:timers/promises'
import { createConcurrencyLimiter } from '#src/admission/concurrency-limiter'
import type { Monotonic } from '#src/clock'
import { isProblem, Problem } from '#src/problems/problem'
import type { BulkRun } from '#src/secrets/bulk/run'
import { bulkResults } from '#src/secrets/bulk/schemas'
import { zeroCounts } from '#src/secrets/counts'
import { isRefusal } from '#src/shared/failures'
import type { Shared } from '#src/shared/shared'
import { jobBytes } from '#src/jobs/ended-jobs'
import type { Job } from '#src/jobs/job'
import { jobLimits, tooManyJobs, type JobLimits } from '#src/jobs/limits'
import type { JobRequest, Jobs } from '#src/jobs/port'
import { runOwned, type OwnedJob, type OwnedJobOptions } from './owned-job.ts'
import type { JobOrigin, JobStore, Owned, UnfinishedJob } from './store-port.ts'

/** Prepares to continue a job that another replica has left. Its request is over, so only the stored data is available. */
export type Continue = (id: string, unfinished: UnfinishedJob) => Promise<Continued>

type Continued = Pick<JobRequest, 'bulk' | 'toReply'>

export interface SharedJobsOptions {
  readonly store: JobStore
  readonly shared: Pick<Shared, 'isUp' | 'onUp'>
  /** @throws Problem if the job must not be continued. The job then ends with this problem. */
  readonly continueJob: Continue
  /** Called when this replica stops working on a job that has not ended, and when it has taken one over from another replica. */
  readonly onHandover: (event: 'taken-over' | 'lost' | 'left', id: string) => void
  /** Called if a job from another replica ends with an error. */
  readonly onFault: (fault: unknown, id: string) => void
  readonly monotonic: Monotonic
  readonly limits: Partial<JobLimits> & Pick<JobLimits, 'bytes'>
  /** The time, in milliseconds, for the owners of jobs to renew their leases after an outage. */
  readonly grace?: number
}

/** The milliseconds between two searches for jobs without an owner, and between two checks of a job that somebody follows. */
const pauses = { search: 1_000, follow: 200 } as const

/**
 * Creates a store of jobs that all replicas share. Each replica can report and cancel every job, and continue a job without an
 * owner.
 */
export function createSharedJobs (options: SharedJobsOptions): Jobs {
  const { store, shared, continueJob, onHandover, onFault, monotonic, limits, grace = store.lease } = options
  const { running: all, runningOfOne: ofOneCaller, kept, bytes } = { ...jobLimits, ...limits }
  const limiter = createConcurrencyLimiter(() => ({ ofOneCaller, all }), tooManyJobs)
  const running = new Map<OwnedJob, Promise<void>>()
  let isStopping = false
  /** The time from which jobs may be taken over. By then, all owners have had the chance to renew their leases. */
  let takeOverFrom = monotonic() + grace
  let downSince: number | undefined
  let lookedAt = monotonic()
  // The new session may be with another server. If that server's clock is ahead, leases seem to have expired.
  shared.onUp((isNew) => { if (isNew) takeOverFrom = monotonic() + grace })

  function enter (callerId: string): () => void {
    if (isStopping) throw new Problem('overloaded')
    return limiter.enter(callerId)
  }

  /** Runs a job. @param ended called when this replica stops working on the job */
  function run (
    owned: Owned, { bulk, toReply }: Pick<OwnedJobOptions, 'bulk' | 'toReply'>, isAtomic: boolean,
    progress: OwnedJobOptions['progress'],
    ended: (fault?: unknown) => void
  ): void {
    const job = runOwned({ store, owned, bulk, toReply, progress, isAtomic, limits: { kept, bytes }, monotonic })
    running.set(job, job.over.then((how) => {
      running.delete(job)
      if (how !== 'ended') onHandover(how, owned.id)
      ended()
    }, (fault: unknown) => {
      running.delete(job)
      ended(fault)
    }))
    if (isStopping) job.shutDown()
  }

  async function find (callerId: string, id: string): Promise<Job> {
    const job = await store.read(callerId, id)
    if (job === undefined) throw new Problem('not-found')
    return job
  }

  /** Continues a job that this replica has just taken over. */
  async function resume (owned: Owned): Promise<void> {
    const unfinished = await store.unfinished(owned)
    const leave = enter(unfinished.origin.caller.id)
    const { bulk, toReply } = await continueJob(owned.id, unfinished).catch((error: unknown): Continued => {
      if (isProblem(error, 'shared-state-unavailable') || isProblem(error, 'audit-unavailable')) {
        leave()
        throw error
      }
      return { bulk: refused(unfinished, error), toReply: ({ name, result }) => ({ name, result }) }
    })
    onHandover('taken-over', owned.id)
    run(owned, { bulk, toReply }, unfinished.plan.options.atomic, unfinished, (fault) => {
      leave()
      if (fault !== undefined) onFault(fault, owned.id)
    })
  }

  /**
   * Returns false while a lease may have expired although its owner is alive: because the owner could not reach the store either,
   * or because the owner is this process and was paused. A living owner should keep its job, because only it has the values.
   */
  function mayTakeOver (): boolean {
    const now = monotonic()
    if (now - lookedAt > pauses.search + grace / 2) takeOverFrom = now + grace
    lookedAt = now
    if (!shared.isUp()) {
      downSince ??= now
      return false
    }
    if (downSince !== undefined && now - downSince > grace / 2) takeOverFrom = now + grace
    downSince = undefined
    return now >= takeOverFrom
  }

  /** Looks for a job whose owner has died, and continues it. */
  async function search (): Promise<void> {
    if (!mayTakeOver()) return
    const owned = await store.takeOver()
    if (owned === undefined) return
    try {
      await resume(owned)
    } catch (error) {
      // Another replica may be less busy, or may be able to write its audit trail, so the lease is released at once. After other
      // failures, a replica tries again when the lease has expired.
      if (isProblem(error, 'overloaded') || isProblem(error, 'audit-unavailable')) await store.release(owned)
      else if (!isProblem(error, 'shared-state-unavailable') || isRefusal(error)) onFault(error, owned.id)
      // A part of the job is missing, so no replica can continue it.
      if (isProblem(error, 'internal-error')) {
        const counts = zeroCounts(bulkResults)
        await store.finish(owned, { problem: error, counts, isComplete: false, kept, limit: bytes(), size: jobBytes })
      }
    }
  }
  let searching = false
  const timer = setInterval(() => {
    if (searching) return
    searching = true
    search().catch(() => undefined).finally(() => { searching = false })
  }, pauses.search).unref()

  return {
    async start ({ scope, bulk, toReply, caller, proof, requestId, peer, fingerprint, begun, ended }) {
      const leave = enter(scope.callerId)
      const { environment: { name: environment }, credentialId, idempotencyKey } = scope
      const plan = bulk.plan()
      const origin: JobOrigin = {
        caller,
        proof,
        requestId,
        environment,
        credentialId,
        ...peer !== undefined && { peer },
        ...idempotencyKey !== undefined && { idempotencyKey },
        ...fingerprint !== undefined && { fingerprint }
      }
      const { job, owned, progress } = await store.start(origin, plan).catch((error: unknown) => {
        leave()
        throw error
      })
      if (owned === undefined) {
        leave()
        return job
      }
      begun(job.id)
      run(owned, { bulk, toReply }, plan.options.atomic, progress, (fault) => {
        leave()
        ended(fault)
      })
      return job
    },
    enter,
    find,
    async results (job, from, most) {
      const results = await store.results(job, from, most)
      return results.length > 0 || await store.revision(job.id) !== undefined ? results : undefined
    },
    async changed (job, wait) {
      const until = monotonic() + wait
      for (;;) {
        const revision = await store.revision(job.id)
        if (revision === undefined) return undefined
        if (revision !== job.revision || monotonic() >= until) return store.read(job.callerId, job.id)
        await setTimeout(Math.min(pauses.follow, wait), undefined, { ref: false })
      }
    },
    async cancel (callerId, id) {
      await store.cancel(callerId, id)
      return find(callerId, id)
    },
    async stop () {
      isStopping = true
      clearInterval(timer)
      for (const job of running.keys()) job.shutDown()
      await Promise.all(running.values())
    }
  }
}

/** A run that fails at once, because the job must not be continued. */
const refused = ({ plan }: UnfinishedJob, error: unknown): BulkRun => ({
  total: plan.items.length,
  dryRun: plan.options.dryRun,
  plan: () => plan,
  run: async () => { throw error }
})
