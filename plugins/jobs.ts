import { once } from 'node:events'
import fp from 'fastify-plugin'
import type { AppOptions } from '#src/app'
import { createIdempotencyKeys } from '#src/idempotency/in-memory-keys'
import type { IdempotencyKeys } from '#src/idempotency/port'
import { createJobs } from '#src/jobs/in-memory-jobs'
import type { Jobs } from '#src/jobs/port'

declare module 'fastify' {
  interface FastifyInstance {
    /** The jobs: bulk creates that run in the background. */
    jobs: Jobs
    /** The idempotency keys that callers have used. */
    idempotencyKeys: IdempotencyKeys
  }
}

/** The memory for the results of ended jobs, as a fraction of the memory budget. It comes on top of the budget. */
const endedShare = 1 / 4

/**
 * Keeps the state that outlives a request: jobs and idempotency keys. The jobs are stopped as soon as the shutdown begins, so
 * that atomic jobs have enough time to undo their changes. The event streams of a job end with it.
 */
export default fp<Required<AppOptions>>(async (fastify, { now, monotonic }) => {
  const { stopping, cutOff, config } = fastify
  const jobs = createJobs(now, monotonic, { bytes: () => config.current.server.memory.budget * endedShare })

  fastify.decorate('jobs', jobs)
  fastify.decorate('idempotencyKeys', createIdempotencyKeys())

  stopping.addEventListener('abort', () => { void jobs.stop() })
  // `onClose` hooks run in the reverse order of their registration, so the audit trail is still open here.
  fastify.addHook('onClose', async () => {
    await Promise.race([jobs.stop(), cutOff.aborted ? undefined : once(cutOff, 'abort')])
  })
}, { name: 'jobs', dependencies: ['audit', 'shutdown'] })
