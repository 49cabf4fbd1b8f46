import fp from 'fastify-plugin'
import type { AppOptions } from '#src/app'
import { createJobs, type Jobs } from '#src/jobs/jobs'
import { createIdempotencyKeys, type IdempotencyKeys } from '#src/secrets/bulk/idempotency-keys'
import type { BulkStop } from '#src/secrets/bulk/schemas'

declare module 'fastify' {
  interface FastifyInstance {
    /** The bulk creates that run by themselves. */
    jobs: Jobs
    /** The idempotency keys that were used. */
    idempotencyKeys: IdempotencyKeys
    /** Aborted once the process is told to end: nothing that takes long is begun any more. */
    stopping: AbortSignal
  }
}

/** What outlives a request, until the process is told to end. */
export default fp<Required<AppOptions>>(async (fastify, { now }) => {
  const stopping = new AbortController()
  const jobs = createJobs(now)

  fastify.decorate('jobs', jobs)
  fastify.decorate('idempotencyKeys', createIdempotencyKeys())
  fastify.decorate('stopping', stopping.signal)

  // While connections are still served: who follows a job hears of its end.
  fastify.addHook('preClose', async () => {
    stopping.abort('shutdown' satisfies BulkStop)
    await jobs.stop()
  })
}, { name: 'jobs' })
