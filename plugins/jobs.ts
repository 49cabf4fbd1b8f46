import fp from 'fastify-plugin'
import type { AppOptions } from '#src/app'
import { createJobs, type Jobs } from '#src/jobs/jobs'
import { createRepeats, type Repeats } from '#src/secrets/bulk/repeats'
import type { BulkStop } from '#src/secrets/bulk/schemas'

declare module 'fastify' {
  interface FastifyInstance {
    /** The bulk creates that run by themselves. */
    jobs: Jobs
    /** With which request each `Idempotency-Key` was used. */
    repeats: Repeats
    /** Aborted once the process is told to end: nothing that takes long is begun any more. */
    stopping: AbortSignal
  }
}

/** What outlives a request, until the process is told to end. */
export default fp<Required<AppOptions>>(async (fastify, { now }) => {
  const stopping = new AbortController()
  const jobs = createJobs(now)

  fastify.decorate('jobs', jobs)
  fastify.decorate('repeats', createRepeats())
  fastify.decorate('stopping', stopping.signal)

  // While connections are still served: who follows a job hears of its end.
  fastify.addHook('preClose', async () => {
    stopping.abort('shutdown' satisfies BulkStop)
    await jobs.stop()
  })
}, { name: 'jobs' })
