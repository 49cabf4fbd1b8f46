import fp from 'fastify-plugin'
import type { AppOptions } from '#src/app'
import { missingKeyWarnings } from '#src/aws/missing-keys'
import type { Monotonic } from '#src/clock'
import type { Config } from '#src/config/config'
import type { LiveConfig } from '#src/config/live'
import { overlapWarnings } from '#src/config/overlaps'

declare module 'fastify' {
  interface FastifyInstance {
    /** The configuration, which a reload replaces. */
    config: LiveConfig
    /** Returns the current time in milliseconds since the epoch. Use it for dates only, because the clock may be set. */
    now: () => number
    /** Returns the time of the monotonic clock, in milliseconds. Use it to measure spans of time. */
    monotonic: Monotonic
  }
}

/** Provides the configuration and the clock, and logs the warnings about each configuration that takes effect. */
export default fp<Required<AppOptions>>(async (fastify, { config, now, monotonic }) => {
  const warn = (warnings: readonly string[]): void => { for (const warning of warnings) fastify.log.warn({ warning }, 'configuration') }
  const warnOfMissingKeys = async ({ credentials }: Config): Promise<void> => { warn(await missingKeyWarnings(credentials)) }
  warn(config.derive(overlapWarnings, (_previous, warnings) => { warn(warnings) })())
  config.derive((next) => next, (_previous, next) => { void warnOfMissingKeys(next) })
  await warnOfMissingKeys(config.current)
  fastify.decorate('config', config)
  fastify.decorate('now', now)
  fastify.decorate('monotonic', monotonic)
}, { name: 'config' })
