/** Starts the processes that bench/fleet.ts measures: a Secrets Manager with AWS's quotas, a Redis, and several gateways. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { stringify } from 'yaml'
import { hashToken } from '#src/authentication/api-keys'
import { freePort } from '#test/free-port'
import type { ReceivedCall } from './throttling-backend.ts'

const account = { accountId: '111111111111', accessKeyId: 'AKIABENCH', secretAccessKey: 'bench-secret' }

/** The calls of one operation that the Secrets Manager has received, with the times of those that it has carried out. */
export interface Calls {
  readonly accepted: number[]
  throttled: number
}

export interface RedisProcess {
  readonly port: number
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  /** Suspends the process. */
  readonly freeze: () => void
  readonly thaw: () => void
}

/** Gateways that share their state. */
export interface Fleet {
  readonly urls: readonly string[]
  readonly redis: RedisProcess
  readonly callsOf: (operation: string) => Calls
  readonly close: () => Promise<void>
}

export const tokenOf = (caller: string): string => `token-of-${caller}-in-the-bench`

/** Starts a fleet. @param limits the section `limits` of the configuration @param callers the callers that may do everything */
export async function startFleet (size: number, limits: object, callers: readonly string[]): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-fleet-'))
  const calls = new Map<string, Calls>()
  const callsOf = (operation: string): Calls => {
    const found = calls.get(operation) ?? { accepted: [], throttled: 0 }
    calls.set(operation, found)
    return found
  }
  const backend = new Worker(new URL('throttling-backend.ts', import.meta.url), { workerData: account })
  const [endpoint] = await once(backend, 'message') as [string]
  backend.on('message', ({ operation, throttled, time }: ReceivedCall) => {
    if (throttled) callsOf(operation).throttled += 1
    else callsOf(operation).accepted.push(time)
  })
  const redis = await startRedis(folder)
  await mkdir(join(folder, 'policies'))
  await writeFile(join(folder, 'policies', 'all.cedar'), '@id("all") permit (principal, action, resource);')
  await writeFile(join(folder, 'shared.key'), Buffer.alloc(32, 'k').toString('base64'))
  await writeFile(join(folder, 'gateway.yaml'), stringify({
    environments: { dev: { region: 'eu-west-1', credential: 'bench' } },
    credentials: { bench: { kind: 'environment', accessKeyIdVariable: 'BENCH_KEY', secretAccessKeyVariable: 'BENCH_SECRET' } },
    authentication: { apiKeys: callers.map((id) => ({ id, hash: hashToken(tokenOf(id)) })) },
    authorization: { policies: 'policies' },
    aws: { endpoint },
    limits,
    server: { overload: { loopDelayMilliseconds: 60_000 } },
    shared: { url: `redis://127.0.0.1:${redis.port}`, keyFile: 'shared.key', replicas: size }
  }))
  const gateways = await Promise.all(Array.from({ length: size }, async (_, index) => startGateway(folder, `data-${index}`)))
  return {
    urls: gateways.map(({ url }) => url),
    redis,
    callsOf,
    async close () {
      await Promise.all(gateways.map(async ({ child }) => end(child, 'SIGTERM')))
      await redis.stop()
      await backend.terminate()
      await rm(folder, { recursive: true })
    }
  }
}

async function startGateway (folder: string, data: string): Promise<{ child: ChildProcess, url: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/server.ts')], {
    env: {
      PATH: process.env.PATH,
      GATEWAY_CONFIG: join(folder, 'gateway.yaml'),
      GATEWAY_DATA_DIR: join(folder, data),
      PORT: '0',
      BENCH_KEY: account.accessKeyId,
      BENCH_SECRET: account.secretAccessKey
    },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const url = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.once('exit', () => { reject(new Error(output)) })
    child.stdout.on('data', (chunk: Buffer) => {
      if (output.length > 10_000) return
      output += chunk.toString()
      const [, found] = /listening on (http:\/\/[^\s"]+)/.exec(output) ?? []
      if (found !== undefined) resolve(found)
    })
  })
  return { child, url }
}

async function startRedis (folder: string): Promise<RedisProcess> {
  const port = await freePort()
  let child: ChildProcess | undefined
  const start = async (): Promise<void> => {
    const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    child = server
    await new Promise<void>((resolve, reject) => {
      server.once('exit', () => { reject(new Error('redis-server ended')) })
      server.stdout.on('data', (chunk: Buffer) => { if (chunk.includes('Ready to accept connections')) resolve() })
    })
    server.removeAllListeners('exit')
  }
  await start()
  return {
    port,
    start,
    async stop () { if (child !== undefined) await end(child, 'SIGKILL') },
    freeze () { child?.kill('SIGSTOP') },
    thaw () { child?.kill('SIGCONT') }
  }
}

async function end (child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  // By default, the gateway still serves requests for five seconds before it shuts down.
  await Promise.race([ended, delay(15_000).then(() => { child.kill('SIGKILL') })])
  await ended
}
