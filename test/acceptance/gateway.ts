import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import Fastify from 'fastify'
import { app } from '#src/app'
import { hashToken } from '#src/authentication/api-keys'
import { policySetFrom } from '#src/authorization/policies'
import { configFrom, type Config } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import type { Environment } from '#src/environments/environment'
import { serverOptions } from '#src/http/server-options'
import type { Api, Reply } from './tests.ts'

/** A gateway for one run. */
export interface AcceptanceGateway {
  api: Api
  close: () => Promise<void>
}

const everything = policySetFrom([{ file: 'acceptance.cedar', text: '@id("everything") permit (principal, action, resource);' }])

/**
 * Returns the configuration of a gateway with a single environment, restricted to names with a prefix, and a single caller, who
 * has the token. It uses the credentials and the AWS settings of the loaded configuration.
 */
function restricted ({ credentials, aws }: Config, environment: Environment, prefix: string, token: string): Config {
  const base = configFrom({
    environments: {},
    credentials: {},
    authentication: { apiKeys: [{ id: 'acceptance', hash: hashToken(token) }] },
    authorization: { policies: everything },
    cache: { ttlSeconds: 0 }
  })
  const { name, namePrefix } = environment
  const chosen = { ...environment, namePrefix: namePrefix + prefix, deletionProtection: false, replicaRegions: [], requiredSecrets: [] }
  return { ...base, environments: new Map([[name, chosen]]), credentials, aws }
}

/**
 * Starts a gateway in this process. It listens only on the loopback interface, and keeps its audit trail in a temporary folder.
 *
 * @param config the configuration of the gateway that is to be tested
 * @param prefix the prefix of the secrets' names, after the environment's prefix
 * @param log the stream of the log
 */
export async function startGateway (config: Config, environment: Environment, prefix: string, log: Writable): Promise<AcceptanceGateway> {
  const token = randomBytes(32).toString('base64url')
  const live = liveConfig(restricted(config, environment, prefix, token))
  const dataDir = mkdtempSync(join(tmpdir(), 'gateway-acceptance-'))
  const fastify = Fastify(serverOptions('warn', log, live))
  await fastify.register(app, { config: live, dataDir })
  const url = await fastify.listen({ host: '127.0.0.1', port: 0 })

  async function api (method: string, path: string, { json, headers = {} }: Parameters<Api>[2] = {}): Promise<Reply> {
    const response = await fetch(`${url}/environments/${environment.name}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...json !== undefined && { 'content-type': 'application/json' }, ...headers },
      ...json !== undefined && { body: JSON.stringify(json) }
    })
    const text = await response.text()
    return { status: response.status, etag: response.headers.get('etag') ?? '', json: text === '' ? {} : JSON.parse(text) }
  }

  return {
    api,
    async close () {
      await fastify.close()
      rmSync(dataDir, { recursive: true })
    }
  }
}
