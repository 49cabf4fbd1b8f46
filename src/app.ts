import { join } from 'node:path'
import autoload from '@fastify/autoload'
import fp from 'fastify-plugin'
import type { LiveConfig } from './config/live.ts'

export interface AppOptions {
  config: LiveConfig
  /** The clock: milliseconds since the epoch. */
  now?: () => number
  /** The folder for data that the configuration puts nowhere else. */
  dataDir?: string
}

const root = join(import.meta.dirname, '..')

/** The whole gateway: the plugins, then the routes. */
export const app = fp<AppOptions>(async (fastify, { config, now = Date.now, dataDir = '.gateway' }) => {
  await fastify.register(autoload, { dir: join(root, 'plugins'), options: { config, now, dataDir }, forceESM: true })
  await fastify.register(autoload, { dir: join(root, 'routes'), routeParams: true, autoHooks: true, cascadeHooks: true, forceESM: true })
}, { name: 'app' })
