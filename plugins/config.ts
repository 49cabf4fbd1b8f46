import fp from 'fastify-plugin'
import type { AppOptions } from '#src/app'
import type { LiveConfig } from '#src/config/live'

declare module 'fastify' {
  interface FastifyInstance {
    /** The configuration, which a reload replaces. */
    config: LiveConfig
    /** Returns the current time in milliseconds since the epoch. */
    now: () => number
  }
}

export default fp<Required<AppOptions>>(async (fastify, { config, now }) => {
  fastify.decorate('config', config)
  fastify.decorate('now', now)
}, { name: 'config' })
