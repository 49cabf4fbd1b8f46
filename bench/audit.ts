/**
 * Measures the cost of the audit trail by comparing the requests per second of three variants of the gateway: one without a
 * trail, and two whose trails have the durability `written` and `synced`. Each variant runs in its own process, and all of them
 * use the same embedded backend. The variants take turns, so that other load on the machine affects all of them equally.
 *
 *     node bench/audit.ts [ROUNDS]
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import autoload from '@fastify/autoload'
import Fastify from 'fastify'
import { app } from '#src/app'
import { hashToken } from '#src/authentication/api-keys'
import { policySetFrom } from '#src/authorization/policies'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { serverOptions } from '#src/http/server-options'
import { startLocalBackend } from '#src/local-backend/server'

const variants = ['without', 'written', 'synced'] as const
type Variant = (typeof variants)[number]

const token = 'token-of-the-benchmark'
const account = { accountId: '111111111111', accessKeyId: 'AKIABENCH', secretAccessKey: 'bench-secret' }

/** Starts a gateway and sends its address to the parent process. The variant without a trail omits only the audit plugin. */
async function serve (variant: Variant, endpoint: string, dataDir: string): Promise<void> {
  const config = liveConfig(configFrom({
    environments: { dev: { region: 'eu-west-1', credential: 'bench' } },
    credentials: { bench: { kind: 'embedded', ...account } },
    authentication: { apiKeys: [{ id: 'bench', hash: hashToken(token) }] },
    authorization: { policies: policySetFrom([{ file: 'bench.cedar', text: '@id("bench") permit (principal, action, resource);' }]) },
    limits: { requestsPerSecond: 1_000_000 },
    audit: { durability: variant === 'synced' ? 'synced' : 'written' },
    aws: { endpoint }
  }))
  const fastify = Fastify(serverOptions('silent', undefined, config))
  if (variant === 'without') {
    const root = join(import.meta.dirname, '..')
    const options = { config, now: Date.now, dataDir }
    await fastify.register(autoload, { dir: join(root, 'plugins'), options, forceESM: true, ignorePattern: /^audit\.ts$/ })
    await fastify.register(autoload, { dir: join(root, 'routes'), routeParams: true, forceESM: true })
  } else {
    await fastify.register(app, { config, dataDir })
  }
  process.send?.(await fastify.listen({ host: '127.0.0.1', port: 0 }))
  process.once('disconnect', () => { void fastify.close() })
}

async function get (url: string): Promise<void> {
  const reply = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  if (reply.status !== 200) throw new Error(`${url} answers ${reply.status}`)
  await reply.arrayBuffer()
}

/** Measures requests per second at the given concurrency. */
async function rate (url: string, requests: number, concurrency: number): Promise<number> {
  let remaining = requests
  const work = async (): Promise<void> => {
    while (remaining-- > 0) await get(url)
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: concurrency }, work))
  return requests / (performance.now() - start) * 1_000
}

const loads = [
  { title: 'a secret, one at a time', path: '/environments/dev/secrets/a', requests: 150, concurrency: 1 },
  { title: 'a secret, 32 at a time', path: '/environments/dev/secrets/a', requests: 600, concurrency: 32 },
  { title: 'no AWS call, 32 at a time', path: '/environments/dev', requests: 1_500, concurrency: 32 }
]

const quantile = (sorted: readonly number[], part: number): number => sorted[Math.round((sorted.length - 1) * part)] ?? NaN

async function measure (rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-audit-'))
  const backend = await startLocalBackend({ accounts: [account] })
  const gateways: { variant: Variant, url: string, child: ChildProcess }[] = []
  for (const variant of variants) {
    const child = fork(import.meta.filename, [variant, backend.url, join(folder, variant)])
    const [url] = await once(child, 'message') as [string]
    gateways.push({ variant, url, child })
  }
  const [first] = gateways
  await fetch(`${first?.url ?? ''}/environments/dev/secrets/a`, {
    method: 'PUT', body: '{"value":"v"}', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  })

  console.log(`${'requests per second'.padEnd(42)}${['median', '25 %', '75 %'].map((title) => title.padStart(8)).join('')}`)
  for (const { title, path, requests, concurrency } of loads) {
    const rates = new Map<Variant, number[]>(variants.map((variant) => [variant, []]))
    const round = async (isRecorded: boolean): Promise<void> => {
      for (const { variant, url } of gateways) {
        const measured = await rate(url + path, requests, concurrency)
        if (isRecorded) rates.get(variant)?.push(measured)
      }
    }
    // Discards two warm-up rounds, in which V8 compiles the code.
    for (let count = -2; count < rounds; count++) await round(count >= 0)
    for (const [variant, measured] of rates) {
      const sorted = measured.toSorted((one, other) => one - other)
      const columns = [0.5, 0.25, 0.75].map((part) => quantile(sorted, part).toFixed(0).padStart(8))
      console.log(`${title}, ${variant}`.padEnd(42) + columns.join(''))
    }
  }

  for (const { child } of gateways) {
    child.disconnect()
    await once(child, 'exit')
  }
  await backend.close()
  await rm(folder, { recursive: true })
}

const [, , variant, endpoint = '', dataDir = ''] = process.argv
const variantToServe = variants.find((name) => name === variant)
if (variantToServe === undefined) await measure(Number(variant ?? 15))
else await serve(variantToServe, endpoint, dataDir)
