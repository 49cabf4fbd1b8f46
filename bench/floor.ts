/**
 * The floor: what a request costs before anything is done for it. Requests a second of a bare Fastify route, and of the gateway's
 * answers that call no AWS, side by side in one run. Server and load have a core each, and the contenders take turns, so that
 * whatever else the machine does falls on all of them.
 *
 *     node bench/floor.ts [ROUNDS]
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
import { serverOptions } from '#src/http/server-options'
import { onCore } from './pinned.ts'
import { row, header } from './statistics.ts'

const connections = 32
const seconds = 2
const tokens = { reader: 'token-of-the-benchmark', stranger: 'token-of-a-stranger' }

/** The answers that are compared. Those of the gateway are made with everything on: policies, limits, the trail, the log. */
const contenders = [
  { title: 'bare Fastify', server: 'bare', path: '/environments', status: 200 },
  { title: 'GET /health/live', server: 'gateway', path: '/health/live', status: 200 },
  { title: 'GET /environments', server: 'gateway', path: '/environments', token: tokens.reader, status: 200 },
  { title: '401, a token that is not known', server: 'gateway', path: '/environments', token: 'nobody', status: 401 },
  { title: '403, an action that is denied', server: 'gateway', path: '/environments/dev/secrets/a', token: tokens.stranger, status: 403 }
] as const

const servers = ['bare', 'gateway'] as const

async function gateway (dataDir: string): Promise<string> {
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
    // Nothing listens there: a call of AWS would show as another status.
    aws: { endpoint: 'http://127.0.0.1:9' }
  }))
  const fastify = Fastify(serverOptions('info', { write: () => undefined }, config))
  await fastify.register(app, { config, dataDir })
  return fastify.listen({ host: '127.0.0.1', port: 0 })
}

/** The framework alone, with the body of `GET /environments` and a response schema. */
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

/** Requests a second of one answer. @throws Error where another comes */
async function rate (url: string, { title, path, status, ...rest }: (typeof contenders)[number]): Promise<number> {
  const headers = 'token' in rest ? { authorization: `Bearer ${rest.token}` } : {}
  const { requests, statusCodeStats, errors } = await autocannon({ url: url + path, headers, connections, duration: seconds })
  const others = Object.keys(statusCodeStats ?? {}).filter((code) => code !== String(status))
  if (errors > 0 || others.length > 0) throw new Error(`${title}: ${errors} errors, and replies with ${others.join(', ')}`)
  return requests.average
}

async function measure (rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-floor-'))
  onCore(process.pid, 1)
  const children = new Map<string, { child: ChildProcess, url: string }>()
  for (const server of servers.toReversed()) {
    const child = fork(import.meta.filename, ['serve', server, folder], { env: { ...process.env, BODY_FROM: children.get('gateway')?.url } })
    onCore(child.pid, 0)
    const [url] = await once(child, 'message') as [string]
    children.set(server, { child, url })
  }

  const rates = new Map<string, number[]>(contenders.map(({ title }) => [title, []]))
  // The first round is for the compiler.
  for (let round = -1; round < rounds; round++) {
    for (const contender of contenders) {
      const found = await rate(children.get(contender.server)?.url ?? '', contender)
      if (round >= 0) rates.get(contender.title)?.push(found)
    }
  }
  const base = rates.get('bare Fastify') ?? []
  console.log(header('requests a second'))
  for (const [title, found] of rates) console.log(row(title, found, base))

  for (const { child } of children.values()) {
    child.disconnect()
    await once(child, 'exit')
  }
  await rm(folder, { recursive: true })
}

const [, , what, server, folder = ''] = process.argv
if (what === 'serve') {
  const { BODY_FROM: from = '' } = process.env
  process.send?.(await (server === 'bare' ? bare(JSON.parse(await fetchBody(from)) as object) : gateway(folder)))
  process.once('disconnect', () => { process.exit() })
} else {
  await measure(Number(what ?? 5))
}
