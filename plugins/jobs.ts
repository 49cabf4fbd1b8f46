import { once } from 'node:events'
import fp from 'fastify-plugin'
import type { AppOptions } from '#src/app'
import { createSharedIdempotencyKeys } from '#src/idempotency/shared-keys'
import { createIdempotencyKeys } from '#src/idempotency/in-memory-keys'
import type { IdempotencyKeys } from '#src/idempotency/port'
import { createJobs } from '#src/jobs/in-memory-jobs'
import type { Jobs } from '#src/jobs/port'
import { createSharedJobs } from '#src/jobs/shared/shared-jobs'
import { createJobStore } from '#src/jobs/shared/store'
import { reportJobs } from '#src/metrics/jobs'
import { withoutMessage } from '#src/problems/problem'
import { continueJob } from '#src/request/continued-job'
import type { Shared } from '#src/shared/shared'

declare module 'fastify' {
  interface FastifyInstance {
    /** The jobs: bulk creates that run in the background. */
    jobs: Jobs
    /** The idempotency keys that callers have used. */
    idempotencyKeys: IdempotencyKeys
  }
}

/** The memory for the results of ended jobs, as a fraction of the memory budget. It is not part of the budget. */
const endedShare = 1 / 4

/**
 * Keeps the state that outlives a request: jobs and idempotency keys. If the configuration has the section `shared`, all replicas
 * share this state. The jobs are stopped as soon as the shutdown begins, so that atomic jobs have enough time to undo their
 * changes. The event streams of a job end with the job.
 */
export default fp<Required<AppOptions>>(async (fastify, { now, monotonic }) => {
  const { stopping, cutOff, config, shared } = fastify
  const limits = { bytes: (): number => config.current.server.memory.budget * endedShare }
  const fleet = config.current.shared
  const jobs = shared === undefined || fleet === undefined ? createJobs(now, monotonic, limits) : sharedJobs(shared, fleet.key)

  fastify.decorate('jobs', jobs)
  fastify.decorate('idempotencyKeys', shared === undefined ? createIdempotencyKeys() : createSharedIdempotencyKeys(shared))

  stopping.addEventListener('abort', () => { void jobs.stop() })
  // `onClose` hooks run in the reverse order of their registration, so the audit trail is still open here.
  fastify.addHook('onClose', async () => {
    await Promise.race([jobs.stop(), cutOff.aborted ? undefined : once(cutOff, 'abort')])
  })

  function sharedJobs (state: Shared, key: Uint8Array): Jobs {
    const { audit, log, memory, metrics, scopeContext } = fastify
    const report = reportJobs(metrics)
    return createSharedJobs({
      store: createJobStore(state, { key, now }),
      shared: state,
      continueJob: continueJob({ ...scopeContext, append: audit.append, memory }),
      onHandover (event, job) {
        report.handedOver(event)
        log.warn({ job, event }, 'a job changes its replica')
      },
      onFault (fault, job) {
        log.error({ job, ...(fault instanceof Error && { thrown: withoutMessage(fault) }) }, 'bulk create failed')
      },
      monotonic,
      limits
    })
  }
}, { name: 'jobs', dependencies: ['audit', 'memory', 'metrics', 'request', 'shared', 'shutdown'] })
