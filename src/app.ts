import { join } from 'node:path'
import autoload from '@fastify/autoload'
import fp from 'fastify-plugin'
import { monotonic as processClock, type Monotonic } from './clock.ts'
import type { LiveConfig } from './config/live.ts'
import type { TracingSettings } from './tracing/settings.ts'

/** The options of the application and of its plugins. */
export interface AppOptions {
  config: LiveConfig
  /** Returns the current time in milliseconds since the epoch. Defaults to `Date.now`. */
  now?: () => number
  /** Returns the time of the monotonic clock, in milliseconds. Defaults to the clock of the process. */
  monotonic?: Monotonic
  /** The folder of the audit trail and its key, unless the configuration sets their paths. Defaults to `.gateway`. */
  dataDir?: string
  /** The settings for the export of traces. If absent, no traces are exported. */
  tracing?: TracingSettings | undefined
}

const root = join(import.meta.dirname, '..')

/** The whole application. Loads the plugins first, then the routes. */
export const app = fp<AppOptions>(async (fastify, { config, now = Date.now, monotonic = processClock, dataDir = '.gateway', tracing }) => {
  const options = { config, now, monotonic, dataDir, tracing }
  await fastify.register(autoload, { dir: join(root, 'plugins'), options, forceESM: true })
  await fastify.register(autoload, { dir: join(root, 'routes'), routeParams: true, autoHooks: true, cascadeHooks: true, forceESM: true })
}, { name: 'app' })
