/**
 * Measures the cost of waiting for changes of secrets, the time until waiting clients are notified, and the time until a rotation
 * reaches a program under `secretsctl run --watch`. Uses the embedded backend instead of AWS, and local connections. Takes about
 * two minutes.
 *
 *     node bench/waiters.ts [WAITERS=10000] [SECRETS=100]
 *     node bench/waiters.ts rotations [COUNT=10]
 *
 * Each process needs a file descriptor for each waiter (`ulimit -n`).
 */
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import Fastify from 'fastify'
import { app } from '#src/app'
import { hashToken } from '#src/authentication/api-keys'
import { policySetFrom } from '#src/authorization/policies'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { serverOptions } from '#src/http/server-options'
import { startLocalBackend, type LocalBackend } from '#src/local-backend/server'
import { quantile } from './statistics.ts'

const token = 'token-of-the-benchmark'
const authorization = `Bearer ${token}`
const account = { accountId: '111111111111', accessKeyId: 'AKIABENCH', secretAccessKey: 'bench-secret' }

/** The seconds for which the idle gateway is measured. */
const idleSeconds = 10

/** The maximum time, in seconds, until all waiting clients must have been notified of a change. */
const notifyTimeout = 30

/** The resource usage of the gateway's process. */
interface Usage {
  /** Milliseconds of CPU time. */
  cpu: number
  rss: number
  heap: number
}

/** Starts a gateway, and reports its usage whenever it gets a message. */
async function serveGateway (dataDir: string, endpoint: string): Promise<void> {
  const config = liveConfig(configFrom({
    environments: { dev: { region: 'eu-west-1', credential: 'dev-account' } },
    credentials: { 'dev-account': { kind: 'embedded', accessKeyId: account.accessKeyId, secretAccessKey: account.secretAccessKey } },
    authentication: { apiKeys: [{ id: 'waiter', hash: hashToken(token) }] },
    authorization: { policies: policySetFrom([{ file: 'bench.cedar', text: '@id("all") permit (principal, action, resource);' }]) },
    limits: { requestsPerSecond: 1_000_000, unauthenticated: { requestsPerSecond: 1_000_000 } },
    server: {
      connections: {
        maximum: 100_000,
        maximumPerAddress: 100_000,
        eventStreamsPerCaller: 100_000,
        waitsPerCaller: 100_000,
        longestWaitSeconds: 3_600
      },
      overload: { loopDelayMilliseconds: 60_000 }
    },
    aws: { endpoint, quotaShare: 100 }
  }))
  const fastify = Fastify(serverOptions('info', { write: () => undefined }, config))
  await fastify.register(app, { config, dataDir })
  process.send?.(await fastify.listen({ host: '127.0.0.1', port: 0 }))
  process.on('message', () => {
    globalThis.gc?.()
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed } = process.memoryUsage()
    process.send?.({ cpu: (user + system) / 1_000, rss, heap: heapUsed } satisfies Usage)
  })
  process.once('disconnect', () => { process.exit() })
}

async function usage (child: ChildProcess): Promise<Usage> {
  child.send('usage')
  const [used] = await once(child, 'message') as [Usage]
  return used
}

/** A connection on which a request waits. */
interface Waiter {
  readonly socket: Socket
  /** The number of parts of replies so far. A waiting read gets one, and a stream gets one for each event. */
  received: number
  at: number
}

/** Opens a connection, and sends a request. */
async function open (port: number, path: string, headers: string): Promise<Waiter> {
  const socket = connect(port, '127.0.0.1')
  const waiter: Waiter = { socket, received: 0, at: 0 }
  socket.on('data', () => {
    waiter.received += 1
    waiter.at = performance.now()
  })
  await once(socket, 'connect')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: ${authorization}\r\n${headers}\r\n`)
  return waiter
}

async function until (holds: () => boolean): Promise<void> {
  const end = performance.now() + 1_000 * notifyTimeout
  while (!holds()) {
    if (performance.now() > end) throw new Error(`This did not become true within ${notifyTimeout} seconds: ${holds.toString()}`)
    await delay(5)
  }
}

interface Scenario {
  readonly title: string
  readonly waiters: number
  readonly secrets: number
  /** The number of secrets that are written. */
  readonly written: number
  readonly isStream: boolean
}

interface RunningGateway {
  readonly child: ChildProcess
  readonly url: string
  readonly close: () => Promise<void>
}

/** Starts a gateway in its own process. */
async function startGateway (endpoint: string): Promise<RunningGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-waiters-'))
  const child = fork(import.meta.filename, ['gateway', folder, endpoint], { execArgv: [...process.execArgv, '--expose-gc'] })
  const [url] = await once(child, 'message') as [string]
  return {
    child,
    url,
    async close () {
      child.disconnect()
      await once(child, 'exit')
      await rm(folder, { recursive: true })
    }
  }
}

/** Sends a request to the gateway. @throws Error if it is refused */
async function send (url: string, method: string, body?: object): Promise<Response> {
  const json = body !== undefined && { headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const reply = await fetch(url, { method, headers: { authorization }, ...json })
  if (!reply.ok) throw new Error(`${method} ${url} failed: ${reply.status} ${await reply.text()}`)
  return reply
}

/** Runs a scenario on a new gateway, and prints its results. */
async function measure ({ title, waiters: count, secrets, written, isStream }: Scenario, endpoint: string): Promise<void> {
  const { child, url, close } = await startGateway(endpoint)
  const pathOf = (index: number): string => `/environments/dev/secrets/${secrets}-${isStream ? 'stream' : 'read'}-${written}-${index}`
  const put = async (index: number, value: string): Promise<string> =>
    (await send(url + pathOf(index), 'PUT', { value })).headers.get('etag') ?? ''
  const etags: string[] = []
  for (let index = 0; index < secrets; index++) etags.push(await put(index, 'before'))
  // The baseline: a gateway that has handled requests, but has no waiting clients.
  const before = await usage(child)

  const port = Number(new URL(url).port)
  const all: Waiter[] = []
  for (let index = 0; index < count; index++) {
    const secret = index % secrets
    all.push(await open(port, `${pathOf(secret)}${isStream ? '/events' : ''}`,
      isStream ? '' : `If-None-Match: ${etags[secret] ?? ''}\r\nPrefer: wait=3600\r\n`))
  }
  // A stream begins with the current version. A waiting read has no reply yet, so the gateway gets some time to begin it.
  if (isStream) await until(() => all.every(({ received }) => received > 0))
  await delay(5_000)
  if (!isStream && all.some(({ received }) => received > 0)) throw new Error('A read did not wait')

  const start = await usage(child)
  await delay(1_000 * idleSeconds)
  const end = await usage(child)

  const receivedBefore = all.map(({ received }) => received)
  const writtenAt = performance.now()
  const affected = all.flatMap((waiter, index) => index % secrets < written ? [{ waiter, seen: receivedBefore[index] ?? 0 }] : [])
  await Promise.all(Array.from({ length: written }, async (_, index) => put(index, 'after')))
  await until(() => affected.every(({ waiter: { received }, seen }) => received > seen))
  const answered = await usage(child)
  const times = affected.map(({ waiter: { at } }) => at - writtenAt).sort((one, other) => one - other)

  const cells = [
    ((start.rss - before.rss) / 2 ** 20).toFixed(0), ((start.heap - before.heap) / count / 1_024).toFixed(1),
    ((end.cpu - start.cpu) / idleSeconds / 10).toFixed(2), quantile(times, 0.5).toFixed(0), quantile(times, 1).toFixed(0),
    ((answered.cpu - end.cpu) / affected.length).toFixed(2)
  ]
  console.log(`| ${[title, ...cells].join(' | ')} |`)
  for (const { socket } of all) socket.destroy()
  await close()
}

const secretsctl = join(import.meta.dirname, '..', 'bin', 'secretsctl.js')
const rotator = 'arn:aws:lambda:eu-west-1:111111111111:function:rotator'

/** Prints the time from the end of a rotation until the program has been restarted with the new value. */
async function measureRotations (count: number, backend: LocalBackend): Promise<void> {
  const { url, close } = await startGateway(backend.url)
  const secret = `${url}/environments/dev/secrets/rotated`
  await send(secret, 'PUT', { value: 'before' })
  const program = spawn(process.execPath, [
    secretsctl, 'run', '--env', 'dev', '--map', 'KEY=rotated', '--watch', '86400', '--', 'sh', '-c', 'printf "%s\\n" "$KEY"; exec sleep 3600'
  ], {
    env: { ...process.env, SECRETS_GATEWAY_URL: url, SECRETS_GATEWAY_TOKEN: token }, stdio: ['ignore', 'pipe', 'inherit']
  })
  const lines = createInterface(program.stdout)[Symbol.asyncIterator]()
  const nextStart = async (): Promise<void> => {
    if ((await lines.next()).done === true) throw new Error('The program has ended')
  }
  await nextStart()
  await send(`${secret}/rotation`, 'PUT', { lambdaArn: rotator, automaticallyAfterDays: 30, rotateImmediately: false })
  await backend.runDueRotations()
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    await send(`${secret}/rotation`, 'POST')
    await backend.runDueRotations()
    const endedAt = performance.now()
    await nextStart()
    times.push(performance.now() - endedAt)
  }
  program.kill()
  await once(program, 'exit')
  await close()
  times.sort((one, other) => one - other)
  const [median, longest] = [0.5, 1].map((share) => quantile(times, share).toFixed(0))
  console.log(`${count} rotations: the program of run --watch has the new value after ${median} ms (median), ${longest} ms at most`)
}

const [, , mode = '10000', argument, endpoint = ''] = process.argv
if (mode === 'gateway') {
  await serveGateway(argument ?? '', endpoint)
} else {
  const backend = await startLocalBackend({
    accounts: [account], rotationFunctions: { rotator: join(import.meta.dirname, '../test/fixtures/rotation/rotator.ts') }
  })
  if (mode === 'rotations') {
    await measureRotations(Number(argument ?? 10), backend)
  } else {
    await measureAll(Number(mode), Number(argument ?? 100), backend)
    await measureRotations(10, backend)
  }
  await backend.close()
}

/** Runs all scenarios, and prints a table of their results. */
async function measureAll (waiters: number, secrets: number, { url }: LocalBackend): Promise<void> {
  console.log('| | memory, MiB | heap for each, KiB | CPU while idle, % | p50, ms | last, ms | CPU for each reply, ms |')
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |')
  for (const scenario of [
    { title: `${waiters} reads wait for ${secrets} secrets, one of which is written`, waiters, secrets, written: 1, isStream: false },
    { title: `the same, and all are written`, waiters, secrets, written: secrets, isStream: false },
    { title: `${waiters} reads wait for one secret`, waiters, secrets: 1, written: 1, isStream: false },
    { title: `${waiters} event streams of ${secrets} secrets, all of which are written`, waiters, secrets, written: secrets, isStream: true }
  ]) await measure(scenario, url)
}
