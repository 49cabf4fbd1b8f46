/**
 * Measures the gateway's overhead by comparing requests per second and CPU time. The contenders are a bare Fastify route and
 * several replies of the gateway that need no AWS call. The contenders take turns, so that other load on the machine affects all
 * of them equally. The server and the load generator are pinned to separate cores.
 *
 *     [CONNECTIONS=128] node bench/floor.ts [ROUNDS]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { app } from '#src/app'
import { hashToken } from '#src/authentication/api-keys'
import { policySetFrom } from '#src/authorization/policies'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { setFlags } from '#src/engine'
import { serverOptions } from '#src/http/server-options'
import { compete, cores, endServer, serve, startServer, type Contender } from './contest.ts'
import { logFile } from './log-file.ts'
import { pinToCore } from './pinned.ts'

/** There are many connections, because a gateway serves many callers at once. */
const connections = Number(process.env.CONNECTIONS ?? 128)
const tokens = { reader: 'token-of-the-benchmark', stranger: 'token-of-a-stranger' }
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

/** The replies to compare. The gateway runs with all features enabled: policies, rate limits, audit trail, log. */
const contenders: readonly Contender[] = [
  { title: 'bare Fastify', server: 'bare', path: '/environments', status: 200 },
  { title: 'GET /health/live', server: 'gateway', path: '/health/live', status: 200 },
  { title: 'GET /environments', server: 'gateway', path: '/environments', headers: bearer(tokens.reader), status: 200 },
  { title: '401, an unknown token', server: 'gateway', path: '/environments', headers: bearer('nobody'), status: 401 },
  { title: '403, a denied action', server: 'gateway', path: '/environments/dev/secrets/a', headers: bearer(tokens.stranger), status: 403 }
]

async function gateway (dataDir: string): Promise<string> {
  setFlags()
  const config = liveConfig(configFrom({
    environments: { dev: { region: 'eu-west-1', credential: 'none' }, prod: { region: 'eu-west-1', credential: 'none' } },
    credentials: { none: { kind: 'embedded', accessKeyId: 'AKIABENCH', secretAccessKey: 'bench-secret' } },
    authentication: { apiKeys: [{ id: 'reader', hash: hashToken(tokens.reader) }, { id: 'stranger', hash: hashToken(tokens.stranger) }] },
    authorization: {
      policies: policySetFrom([{
        file: 'bench.cedar',
        text: `@id("reader") permit (principal == Caller::"reader", action, resource);
          @id("stranger") permit (principal == Caller::"stranger", action == Action::"DescribeEnvironment", resource);`
      }])
    },
    limits: { requestsPerSecond: 1_000_000, unauthenticated: { requestsPerSecond: 1_000_000 } },
    // Nothing listens on this port. An unexpected AWS call would therefore fail, and change the status of the reply.
    aws: { endpoint: 'http://127.0.0.1:9' }
  }))
  const fastify = Fastify(serverOptions('info', logFile(dataDir), config))
  await fastify.register(app, { config, dataDir })
  return fastify.listen({ host: '127.0.0.1', port: 0 })
}

/** Starts a server with one route. The route has a response schema and replies with the same body as the gateway's route. */
async function bare (body: object): Promise<string> {
  const fastify = Fastify()
  const environment = {
    type: 'object',
    properties: {
      name: { type: 'string' },
      region: { type: 'string' },
      credential: { type: 'string' },
      allowedCredentials: { type: 'array', items: { type: 'string' } },
      namePrefix: { type: 'string' },
      tags: { type: 'object', additionalProperties: { type: 'string' } },
      replicaRegions: { type: 'array', items: { type: 'string' } },
      recoveryWindowInDays: { type: 'integer' },
      deletionProtection: { type: 'boolean' },
      requiredSecrets: { type: 'array', items: { type: 'string' } }
    }
  }
  const schema = { response: { 200: { type: 'object', properties: { items: { type: 'array', items: environment } } } } }
  fastify.get('/environments', { schema }, async () => body)
  return fastify.listen({ host: '127.0.0.1', port: 0 })
}

async function fetchBody (url: string): Promise<string> {
  const reply = await fetch(`${url}/environments`, { headers: bearer(tokens.reader) })
  return reply.text()
}

async function main (rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-floor-'))
  pinToCore(process.pid, cores.others)
  const gatewayServer = await startServer(import.meta.filename, ['gateway', folder])
  const bareServer = await startServer(import.meta.filename, ['bare', await fetchBody(gatewayServer.url)])
  const servers = new Map([['gateway', gatewayServer], ['bare', bareServer]])
  await compete({ title: 'Replies that need no secret', contenders, servers, baseline: 'bare Fastify', connections, rounds })
  for (const server of servers.values()) await endServer(server)
  await rm(folder, { recursive: true })
}

const [, , mode = '5', argument = ''] = process.argv
if (mode === 'gateway') serve(await gateway(argument))
else if (mode === 'bare') serve(await bare(JSON.parse(argument) as object))
else await main(Number(mode))
