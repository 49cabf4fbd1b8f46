import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type RouteOptions } from 'fastify'
import { app } from '#src/app'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { serverOptions } from '#src/http/server-options'

/**
 * A placeholder. Building the gateway requires a configuration, although neither the routes nor the OpenAPI document depend on
 * it.
 */
const config = configFrom({
  environments: { dev: { region: 'eu-west-1', credential: 'none' } },
  credentials: { none: { kind: 'default-chain' } },
  authentication: { apiKeys: [] },
  authorization: { policies: { policies: [] } }
})

/** Builds the gateway without listening, and returns its OpenAPI document and its routes. */
export async function builtGateway (): Promise<{ document: object, routes: RouteOptions[] }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'built-gateway-'))
  const fastify = Fastify(serverOptions('silent'))
  const routes: RouteOptions[] = []
  fastify.addHook('onRoute', (route) => { routes.push(route) })
  await fastify.register(app, { config: liveConfig(config), dataDir })
  await fastify.ready()
  const document = fastify.swagger()
  await fastify.close()
  await rm(dataDir, { recursive: true })
  return { document, routes: routes.filter(({ method }) => method !== 'HEAD') }
}
