/**
 * Measures the gateway's overhead by comparing requests per second and CPU time. The contenders are a bare Fastify route and
 * several replies of the gateway that need no AWS call. The contenders take turns, so that other load on the machine affects all
 * of them equally. The server and the load generator are each pinned to a core of their own.
 *
 *     [CONNECTIONS=128] node bench/floor.ts [ROUNDS]
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import Fastify from 'fastify'
import { app } from '#src/app'
import { hashToken } from '#src/authentication/api-keys'
import { policySetFrom } from '#src/authorization/policies'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { allocateYoung } from '#src/http/allocation'
import { serverOptions } from '#src/http/server-options'
import { pinToCore } from './pinned.ts'
import { row, header } from './statistics.ts'

/** The number of keep-alive connections. There are many, because a gateway serves many callers at once. */
const connections = Number(process.env.CONNECTIONS ?? 128)
const seconds = 2
const tokens = { reader: 'token-of-the-benchmark', stranger: 'token-of-a-stranger' }

/** The replies to compare. The gateway runs with all features enabled: policies, rate limits, audit trail, log. */
const contenders = [
  { title: 'bare Fastify', server: 'bare', path: '/environments', status: 200 },
  { title: 'GET /health/live', server: 'gateway', path: '/health/live', status: 200 },
  { title: 'GET /environments', server: 'gateway', path: '/environments', token: tokens.reader, status: 200 },
  { title: '401, an unknown token', server: 'gateway', path: '/environments', token: 'nobody', status: 401 },
  { title: '403, a denied action', server: 'gateway', path: '/environments/dev/secrets/a', token: tokens.stranger, status: 403 }
] as const

const servers = ['bare', 'gateway'] as const

async function gateway (dataDir: string): Promise<string> {
  allocateYoung()
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
  const fastify = Fastify(serverOptions('info', { write: () => undefined }, config))
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
  const reply = await fetch(`${url}/environments`, { headers: { authorization: `Bearer ${tokens.reader}` } })
  return reply.text()
}

interface Server { child: ChildProcess, url: string }

interface Speed { rate: number, cpu: number }

/**
 * Measures a contender's requests per second, and the CPU time of its server per request, in microseconds. The latter does not
 * depend on how fast the load generator is.
 *
 * @throws Error for a reply with an unexpected status
 */
async function speed ({ child, url }: Server, { title, path, status, ...rest }: (typeof contenders)[number]): Promise<Speed> {
  const headers = 'token' in rest ? { authorization: `Bearer ${rest.token}` } : {}
  const before = await cpuTime(child)
  const { requests, statusCodeStats, errors } = await autocannon({ url: url + path, headers, connections, duration: seconds })
  const cpu = (await cpuTime(child) - before) / requests.total
  const unexpected = Object.keys(statusCodeStats ?? {}).filter((code) => code !== String(status))
  if (errors > 0 || unexpected.length > 0) throw new Error(`${title}: ${errors} errors, unexpected statuses: ${unexpected.join(', ')}`)
  return { rate: requests.average, cpu }
}

/** Returns the CPU time, in microseconds, that a server's process has used so far. */
async function cpuTime (child: ChildProcess): Promise<number> {
  child.send('cpu')
  const [used] = await once(child, 'message') as [number]
  return used
}

async function measure (rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-floor-'))
  pinToCore(process.pid, 1)
  const children = new Map<string, Server>()
  for (const server of servers.toReversed()) {
    const child = fork(import.meta.filename, ['serve', server, folder], { env: { ...process.env, BODY_FROM: children.get('gateway')?.url } })
    pinToCore(child.pid, 0)
    const [url] = await once(child, 'message') as [string]
    children.set(server, { child, url })
  }

  const rates = new Map<string, number[]>(contenders.map(({ title }) => [title, []]))
  const costs = new Map<string, number[]>(contenders.map(({ title }) => [title, []]))
  // Discards one warm-up round, in which V8 compiles the code.
  for (let round = -1; round < rounds; round++) {
    for (const contender of contenders) {
      const server = children.get(contender.server)
      if (server === undefined) throw new TypeError(`There is no server ${contender.server}`)
      const { rate, cpu } = await speed(server, contender)
      if (round < 0) continue
      rates.get(contender.title)?.push(rate)
      costs.get(contender.title)?.push(cpu)
    }
  }
  for (const [unit, numbers] of [['requests per second', rates], ['CPU time per request, µs', costs]] as const) {
    const baseline = numbers.get('bare Fastify') ?? []
    console.log(header(unit))
    for (const [title, measured] of numbers) console.log(row(title, measured, baseline))
  }

  for (const { child } of children.values()) {
    child.disconnect()
    await once(child, 'exit')
  }
  await rm(folder, { recursive: true })
}

const [, , mode, server, folder = ''] = process.argv
if (mode === 'serve') {
  const { BODY_FROM: from = '' } = process.env
  process.send?.(await (server === 'bare' ? bare(JSON.parse(await fetchBody(from)) as object) : gateway(folder)))
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.(user + system)
  })
  process.once('disconnect', () => { process.exit() })
} else {
  await measure(Number(mode ?? 5))
}
