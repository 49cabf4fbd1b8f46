import fp from 'fastify-plugin'
import type { AppOptions } from '#src/app'
import { createJobs, type Jobs } from '#src/jobs/jobs'
import { createIdempotencyKeys, type IdempotencyKeys } from '#src/secrets/bulk/idempotency-keys'
import type { BulkStop } from '#src/secrets/bulk/schemas'

declare module 'fastify' {
  interface FastifyInstance {
    /** The jobs: bulk creates that run in the background. */
    jobs: Jobs
    /** The idempotency keys that callers have used. */
    idempotencyKeys: IdempotencyKeys
    /** Aborted when the graceful shutdown begins. No long-running work is started after that. */
    stopping: AbortSignal
  }
}

/** Keeps the state that outlives a request: jobs and idempotency keys. Stops the jobs when the gateway shuts down. */
export default fp<Required<AppOptions>>(async (fastify, { now, monotonic }) => {
  const stopping = new AbortController()
  const jobs = createJobs(now, monotonic)

  fastify.decorate('jobs', jobs)
  fastify.decorate('idempotencyKeys', createIdempotencyKeys())
  fastify.decorate('stopping', stopping.signal)

  // Runs in `preClose`, while connections are still open, so that clients that follow a job receive its end event.
  fastify.addHook('preClose', async () => {
    stopping.abort('shutdown' satisfies BulkStop)
    await jobs.stop()
  })
}, { name: 'jobs' })
