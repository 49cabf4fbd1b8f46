import fp from 'fastify-plugin'
import type { AppOptions } from '../src/app.ts'
import type { LiveConfig } from '../src/config/live.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The configuration in force. */
    config: LiveConfig
  }
}

export default fp<AppOptions>(async (fastify, { config }) => {
  fastify.decorate('config', config)
}, { name: 'config' })
