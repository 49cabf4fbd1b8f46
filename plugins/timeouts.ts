import fp from 'fastify-plugin'
import { createTimeouts, type Timeouts } from '#src/scheduling/timeouts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The timeouts of requests and watches, which share one timer. */
    timeouts: Timeouts
  }
}

/** Provides `fastify.timeouts`. */
export default fp(async (fastify) => {
  const timeouts = createTimeouts(fastify.monotonic)
  fastify.decorate('timeouts', timeouts)
  fastify.addHook('onClose', async () => { timeouts.close() })
}, { name: 'timeouts', dependencies: ['config'] })
