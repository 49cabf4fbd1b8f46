import { join } from 'node:path'
import autoload from '@fastify/autoload'
import fp from 'fastify-plugin'
import type { LiveConfig } from './config/live.ts'

export interface AppOptions {
  config: LiveConfig
}

const root = join(import.meta.dirname, '..')

/** The whole gateway: the plugins, then the routes. */
export const app = fp<AppOptions>(async (fastify, { config }) => {
  await fastify.register(autoload, { dir: join(root, 'plugins'), options: { config }, forceESM: true })
  await fastify.register(autoload, { dir: join(root, 'routes'), routeParams: true, forceESM: true })
}, { name: 'app' })
