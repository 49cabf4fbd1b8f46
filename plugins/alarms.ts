import fp from 'fastify-plugin'
import { createAlarms, type Alarms } from '#src/scheduling/alarms'

declare module 'fastify' {
  interface FastifyInstance {
    /** The alarms of everything that waits, with one timer for all of them. */
    alarms: Alarms
  }
}

/** Provides the alarms. */
export default fp(async (fastify) => {
  const alarms = createAlarms(fastify.monotonic)
  fastify.decorate('alarms', alarms)
  fastify.addHook('onClose', async () => { alarms.close() })
}, { name: 'alarms', dependencies: ['config'] })
