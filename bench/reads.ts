/**
 * Measures the read of a secret. A read from the cache is compared with a bare Fastify route that has the same body, and a read
 * from AWS with a Fastify route that calls the stock SDK client and does nothing else. The embedded backend stands in for AWS.
 * The contenders take turns, so that other load on the machine affects all of them equally. The servers are pinned to one core,
 * and everything else to the other core.
 *
 * If the environment variable `AWS_AGENT` is the path of AWS's Secrets Manager Agent, its cached reads are measured as well:
 *
 *     cargo install --root /tmp/agent aws_secretsmanager_agent
 *
 *     [CONNECTIONS=128] [AWS_AGENT=/tmp/agent/bin/aws_secretsmanager_agent] node bench/reads.ts [ROUNDS]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import Fastify from 'fastify'
import { app } from '#src/app'
import { hashToken } from '#src/authentication/api-keys'
import { parseAuthorization } from '#src/aws-protocol/authorization-header'
import { signatureOf, signingKeyOf } from '#src/aws-protocol/signature-v4'
import { policySetFrom } from '#src/authorization/policies'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { setFlags } from '#src/engine'
import { serverOptions } from '#src/http/server-options'
import { startLocalBackend } from '#src/local-backend/server'
import { agentRequest, serveAgent } from './aws-agent.ts'
import { compete, cores, endServer, serve, startServer } from './contest.ts'
import { logFile } from './log-file.ts'
import { pinToCore } from './pinned.ts'

const connections = Number(process.env.CONNECTIONS ?? 128)
const headers = { authorization: 'Bearer token-of-the-benchmark' }
const account = { accountId: '111111111111', accessKeyId: 'AKIABENCH', secretAccessKey: 'bench-secret' }
const listen = { host: '127.0.0.1', port: 0 }
const region = 'eu-west-1'
const path = '/environments/dev/secrets/payments'

/** The number of policies. All but one apply to other callers. */
const policyCount = 50

/** Starts a gateway with all features enabled: policies, rate limits, audit trail, log. */
async function gateway (dataDir: string, endpoint: string, ttlSeconds?: number): Promise<string> {
  setFlags()
  const others = Array.from({ length: policyCount - 1 }, (_, index) => `@id("other-${index}")
    permit (principal == Caller::"other-${index}", action == Action::"GetSecretValue", resource in Environment::"dev")
    when { resource.name like "team-${index}/*" };`)
  const config = liveConfig(configFrom({
    environments: { dev: { region, credential: 'dev-account' } },
    credentials: { 'dev-account': { kind: 'embedded', accessKeyId: account.accessKeyId, secretAccessKey: account.secretAccessKey } },
    authentication: { apiKeys: [{ id: 'reader', hash: hashToken('token-of-the-benchmark') }] },
    authorization: {
      policies: policySetFrom([{
        file: 'bench.cedar',
        text: `@id("reader") permit (principal == Caller::"reader", action, resource);\n${others.join('\n')}`
      }])
    },
    limits: { requestsPerSecond: 1_000_000, unauthenticated: { requestsPerSecond: 1_000_000 } },
    // The embedded backend has no quotas, and there are enough slots for all connections.
    aws: { endpoint, slots: 2 * connections },
    ...ttlSeconds !== undefined && { cache: { ttlSeconds } }
  }))
  const fastify = Fastify(serverOptions('info', logFile(dataDir), config))
  await fastify.register(app, { config, dataDir })
  return fastify.listen(listen)
}

/** The response schema of the bare route. */
const schema = {
  response: {
    200: {
      type: 'object',
      properties: {
        name: { type: 'string' },
        value: { type: 'string' },
        versionId: { type: 'string' },
        versionStages: { type: 'array', items: { type: 'string' } },
        createdDate: { type: 'string' }
      }
    }
  }
}

async function bare (body: object): Promise<string> {
  const fastify = Fastify()
  fastify.get(path, { schema }, async () => body)
  return fastify.listen(listen)
}

/** Starts a server whose route reads the secret with the stock SDK client, without any checks or records. */
async function stock (endpoint: string): Promise<string> {
  const client = new SecretsManager({ endpoint, region, credentials: account })
  const fastify = Fastify()
  fastify.get(path, { schema }, async () => {
    const { Name, SecretString, VersionId, VersionStages, CreatedDate } = await client.getSecretValue({ SecretId: 'dev/payments' })
    const createdDate = CreatedDate?.toISOString()
    return { name: Name, value: SecretString, versionId: VersionId, versionStages: VersionStages, createdDate }
  })
  return fastify.listen(listen)
}

const callHeaders = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' }

/** Signs a call with keys that the gateway issues. A signature can be used again for five minutes. */
async function signed (url: string, { path, body }: { path: string, body: string }): Promise<Record<string, string>> {
  const response = await fetch(`${url}/auth/aws/credentials`, { headers })
  const keys = await response.json() as { AccessKeyId: string, SecretAccessKey: string, Token: string }
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
  const own = { ...callHeaders, host: new URL(url).host, 'x-amz-date': date, 'x-amz-security-token': keys.Token }
  const names = Object.keys(own).sort()
  const scope = `${keys.AccessKeyId}/${date.slice(0, 8)}/${region}/secretsmanager/aws4_request`
  const unsigned = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${names.join(';')}`
  const authorization = parseAuthorization(`${unsigned}, Signature=${'0'.repeat(64)}`)
  const key = signingKeyOf(keys.SecretAccessKey, authorization)
  const signature = signatureOf(key, { authorization, path, headers: new Map(Object.entries(own)) }, Buffer.from(body))
  return { ...own, authorization: `${unsigned}, Signature=${signature}` }
}

async function main (rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-reads-'))
  pinToCore(process.pid, cores.others)
  const file = import.meta.filename
  const backend = await startServer(file, ['backend'], cores.others)
  const cached = await startServer(file, ['gateway', join(folder, 'cached'), backend.url])
  const written = await fetch(`${cached.url}${path}`, {
    method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify({ value: 'v'.repeat(100) })
  })
  if (written.status !== 201) throw new Error(`The secret was not created: ${written.status} ${await written.text()}`)
  const read = await fetch(`${cached.url}${path}`, { headers })
  const servers = new Map([
    ['cached', cached],
    ['bare', await startServer(file, ['bare', await read.text()])],
    ['uncached', await startServer(file, ['gateway', join(folder, 'uncached'), backend.url, '0'])],
    ['stock', await startServer(file, ['stock', backend.url])]
  ])

  const agent = process.env.AWS_AGENT
  if (agent !== undefined) servers.set('agent', await startServer(file, ['agent', join(folder, 'agent.toml'), backend.url]))

  const fromCache = { server: 'cached', path, headers, status: 200 }
  const conditional = { ...headers, 'if-none-match': read.headers.get('etag') ?? '', 'cache-control': 'max-age=300' }
  await compete({
    title: 'Reads from the cache',
    contenders: [
      { title: 'bare Fastify', server: 'bare', path, status: 200 },
      { title: 'a read from the cache', ...fromCache },
      { title: 'a read from the cache, 304', ...fromCache, headers: conditional, status: 304 }
    ],
    servers, baseline: 'bare Fastify', connections, rounds
  })
  const call = { server: 'cached', path: '/environments/dev/aws', body: JSON.stringify({ SecretId: 'dev/payments' }), status: 200 }
  await compete({
    title: 'GetSecretValue in AWS\'s protocol, from the cache',
    contenders: [
      { title: 'a read from the cache', ...fromCache },
      { title: 'GetSecretValue, signed', ...call, headers: await signed(cached.url, call) },
      { title: 'GetSecretValue, with a token', ...call, headers: { ...callHeaders, ...headers } },
      ...agent === undefined ? [] : [{ title: 'AWS\'s agent', server: 'agent', ...agentRequest, status: 200 }]
    ],
    servers, baseline: 'a read from the cache', connections, rounds
  })
  await compete({
    title: 'Reads from AWS',
    contenders: [
      { title: 'Fastify and the stock SDK client', server: 'stock', path, status: 200 },
      { title: 'a read from AWS', server: 'uncached', path, headers, status: 200 }
    ],
    servers, baseline: 'Fastify and the stock SDK client', connections, rounds
  })
  for (const server of [...servers.values(), backend]) await endServer(server)
  await rm(folder, { recursive: true })
}

const [, , mode = '5', argument = '', endpoint = '', ttlSeconds] = process.argv
if (mode === 'backend') serve((await startLocalBackend({ accounts: [account] })).url)
else if (mode === 'gateway') serve(await gateway(argument, endpoint, ttlSeconds === undefined ? undefined : Number(ttlSeconds)))
else if (mode === 'bare') serve(await bare(JSON.parse(argument) as object))
else if (mode === 'agent') await serveAgent(process.env.AWS_AGENT ?? '', argument, endpoint, account)
else if (mode === 'stock') serve(await stock(argument))
else await main(Number(mode))
