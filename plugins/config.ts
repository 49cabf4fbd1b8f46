import fp from 'fastify-plugin'
import type { AppOptions } from '#src/app'
import type { Monotonic } from '#src/clock'
import type { LiveConfig } from '#src/config/live'

declare module 'fastify' {
  interface FastifyInstance {
    /** The configuration, which a reload replaces. */
    config: LiveConfig
    /** Returns the current time in milliseconds since the epoch. Use it for dates only, because the clock may be set. */
    now: () => number
    /** Returns the time of a clock that is never set, in milliseconds. Use it to measure spans of time. */
    monotonic: Monotonic
  }
}

export default fp<Required<AppOptions>>(async (fastify, { config, now, monotonic }) => {
  fastify.decorate('config', config)
  fastify.decorate('now', now)
  fastify.decorate('monotonic', monotonic)
}, { name: 'config' })
