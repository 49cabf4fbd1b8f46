import fp from 'fastify-plugin'
import { createAlarms, type Alarms } from '#src/scheduling/alarms'

declare module 'fastify' {
  interface FastifyInstance {
    /** The timeouts of requests and watches, which share one timer. */
    alarms: Alarms
  }
}

/** Provides `fastify.alarms`. */
export default fp(async (fastify) => {
  const alarms = createAlarms(fastify.monotonic)
  fastify.decorate('alarms', alarms)
  fastify.addHook('onClose', async () => { alarms.close() })
}, { name: 'alarms', dependencies: ['config'] })
