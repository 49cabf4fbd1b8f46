import { join } from 'node:path'
import autoload from '@fastify/autoload'
import type { FastifyInstance } from 'fastify'
import type { LiveConfig } from './config/live.ts'

export interface AppOptions {
  config: LiveConfig
}

const root = join(import.meta.dirname, '..')

/** The whole gateway: the plugins, then the routes. */
export async function app (fastify: FastifyInstance, { config }: AppOptions): Promise<void> {
  await fastify.register(autoload, { dir: join(root, 'plugins'), options: { config }, forceESM: true })
  await fastify.register(autoload, { dir: join(root, 'routes'), routeParams: true, forceESM: true })
}
