import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { stringify } from 'yaml'
import { hashToken } from '#src/authentication/api-keys'
import { startLocalBackend } from '#src/local-backend/server'
import { send, type Reply, type RequestOptions } from './helper.ts'
import { startRedis, type TestRedis } from './redis.ts'

/** A gateway in its own process. */
export interface Replica {
  readonly url: string
  readonly send: (method: string, path: string, options?: RequestOptions) => Promise<Reply>
  readonly signal: (signal: NodeJS.Signals) => void
  readonly ended: Promise<unknown>
  /** Returns the log so far. */
  readonly log: () => string
}

/** Gateways that share their state and a backend. Each gateway has its own process. */
export interface ProcessFleet {
  readonly redis: TestRedis
  /** The folder of the server's append-only file, which contains every write that the server has received. */
  readonly redisFolder: string
  /** Starts another gateway. */
  readonly start: () => Promise<Replica>
  /** The operations that the gateways have called on the backend, in order. */
  readonly operations: readonly string[]
}

export const fleetToken = 'token-of-the-fleet'

/** The content of the key file of a fleet. */
const fleetKey = Buffer.alloc(32, 'k').toString('base64')

/** Starts a backend, and a Redis server that persists to an append-only file. The gateways use both. */
export async function startProcesses (t: Test): Promise<ProcessFleet> {
  const folder = t.testdir({
    'shared.key': fleetKey, policies: { 'all.cedar': '@id("all") permit (principal, action, resource);\n' }, redis: {}
  })
  const redisFolder = join(folder, 'redis')
  const redis = await startRedis(t, '--dir', redisFolder, '--appendonly', 'yes', '--appendfsync', 'no')
  const operations: string[] = []
  const backend = await startLocalBackend({
    accounts: [{ accountId: '111111111111', accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret' }],
    onOperation: ({ operation }) => { operations.push(operation) }
  })
  t.teardown(backend.close)
  const config = {
    environments: { dev: { region: 'eu-west-1', credential: 'ci' } },
    credentials: { ci: { kind: 'environment', accessKeyIdVariable: 'CI_KEY', secretAccessKeyVariable: 'CI_SECRET' } },
    authentication: { apiKeys: [{ id: 'bot', hash: hashToken(fleetToken) }, { id: 'other', hash: hashToken('token-of-another') }] },
    authorization: { policies: 'policies' },
    server: { shutdown: { delaySeconds: 0, graceSeconds: 20 } },
    aws: { endpoint: backend.url },
    shared: { url: redis.url, keyFile: 'shared.key', timeoutMilliseconds: 500, replicas: 2 }
  }
  await writeFile(join(folder, 'gateway.yaml'), stringify(config))
  let count = 0
  const start = async (): Promise<Replica> => startReplica(t, {
    GATEWAY_CONFIG: join(folder, 'gateway.yaml'), GATEWAY_DATA_DIR: join(folder, `replica-${count++}`), CI_KEY: 'AKIATEST', CI_SECRET: 'test-secret'
  })
  return { redis, redisFolder, start, operations }
}

async function startReplica (t: Test, variables: Readonly<Record<string, string>>): Promise<Replica> {
  const own = { ...variables, PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'info', NODE_ENV: 'production' }
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'src', 'server.ts')], {
    env: { ...process.env, ...own }, stdio: ['ignore', 'pipe', 'inherit']
  })
  const ended = once(child, 'exit')
  // A gateway that ends by itself writes its coverage.
  t.teardown(async () => {
    child.kill('SIGTERM')
    const last = setTimeout(() => { child.kill('SIGKILL') }, 10_000)
    await ended
    clearTimeout(last)
  })
  let log = ''
  const url = await new Promise<string>((resolve, reject) => {
    ended.then(() => { reject(new Error(`the gateway ended: ${log}`)) }, reject)
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      log += chunk
      const [, found] = /listening (?:on|at) (http:\/\/[^\s"]+)/.exec(log) ?? []
      if (found !== undefined) resolve(found)
    })
  })
  return {
    url,
    ended,
    send: async (method, path, options) => send(url, method, path, { token: fleetToken, ...options }),
    signal: (signal) => { child.kill(signal) },
    log: () => log
  }
}
