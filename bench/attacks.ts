/**
 * Attacks the memory of a gateway, which runs in a process of its own with 512 megabytes of heap. The attacks run one after
 * another, each for some seconds. Exits with 1 unless, in each attack, the gateway stays alive, its resident memory stays below
 * 600 MiB, and some seconds after the attack this memory is at most 20 % larger than before.
 *
 * node bench/attacks.ts [--seconds 60] [--rest 10] [--only WORD]
 *
 * The first attack runs twice, and its first run does not count: V8 keeps the memory of a grown heap, so a process that has not
 * done any work yet would be too strict a baseline. The backend is another process, and enforces no quotas.
 */
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { hashToken } from '#src/authentication/api-keys'
import { startLocalBackend } from '#src/local-backend/server'

const account = { accountId: '111111111111', accessKeyId: 'AKIABENCH', secretAccessKey: 'bench-secret' }
const limits = { memory: 600, growth: 1.2 }

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}/${index}`)
const value = 'v'.repeat(60_000)

/** The callers. `attacker` has all permissions, `quiet` reads one secret, and `stranger` has no permissions on secrets. */
const callers = ['attacker', 'quiet', 'stranger'] as const
type Caller = (typeof callers)[number]

interface Attempt {
  method?: string
  path: string
  body?: string
  caller?: Caller
  headers?: Readonly<Record<string, string>>
  /** `unread` leaves the reply unread until the attack ends; `hang-up` closes the connection after half a second. */
  manner?: 'read' | 'unread' | 'hang-up'
}

interface Attack {
  /** The number of clients. Each sends its next request when the previous one has ended. */
  clients: number
  attempt: Attempt
  /** The time between two requests of one client, in milliseconds. */
  pause?: number
}

const bulk = '/environments/dev/secrets'
const values = '/environments/dev/values'
const wrong = JSON.stringify({ secrets: names('wrong', 10_000).map((name) => ({ name: `/${name}`, value: 'x'.repeat(60), type: 'y'.repeat(30) })) })

const attacks: Record<string, Attack> = {
  'bulk creates of 10,000, hung up': {
    clients: 1, pause: 500, attempt: { path: bulk, body: JSON.stringify({ secretNames: names('placeholder', 10_000) }), manner: 'hang-up' }
  },
  '8 jobs of 10,000 at once, kept': {
    clients: 8,
    pause: 100,
    attempt: {
      path: bulk,
      body: JSON.stringify({ secretNames: names('job', 10_000), dryRun: true, settings: { timeoutSeconds: 1 } }),
      headers: { prefer: 'respond-async' }
    }
  },
  '48 bulk creates of 15 MB': {
    clients: 48, attempt: { path: bulk, body: JSON.stringify({ secrets: names('big', 250).map((name) => ({ name, value })), onConflict: 'update' }) }
  },
  '40 reads of 10,000 values, unread': {
    clients: 40, attempt: { path: values, body: JSON.stringify({ names: [...names('made', 500), ...names('none', 9_500)] }), manner: 'unread' }
  },
  '30 wrong bodies without rights': { clients: 30, attempt: { path: bulk, body: wrong, caller: 'stranger' } },
  '30 wrong bodies': { clients: 30, attempt: { path: bulk, body: wrong } },
  '180 long logins': { clients: 180, attempt: { path: '/auth/aws/login', body: JSON.stringify({ headers: { x: 'y'.repeat(437_000) } }) } },
  '200 unread replies': { clients: 200, attempt: { path: values, body: JSON.stringify({ names: names('made', 80) }), manner: 'unread' } },
  '200 unread lists': { clients: 200, attempt: { method: 'GET', path: bulk, manner: 'unread' } },
  '40 reads of 10,000 forbidden names': { clients: 40, attempt: { path: values, body: JSON.stringify({ names: names('x', 10_000) }), caller: 'stranger' } },
  '40 bulk lines of 10,000, unread': {
    clients: 40, attempt: { path: bulk, body: JSON.stringify({ secretNames: names('made', 10_000), onConflict: 'skip', dryRun: true }), manner: 'unread' }
  }
}

async function serveBackend (): Promise<void> {
  const backend = await startLocalBackend({ accounts: [account] })
  process.send?.(backend.url)
  process.once('disconnect', () => { void backend.close().then(() => process.exit()) })
}

/** Sends a request. Resolves to the status, or to undefined if there is no reply. */
async function send (url: string, { method = 'POST', path, body, caller = 'attacker', headers, manner = 'read' }: Attempt, end: AbortSignal): Promise<number | undefined> {
  const sent = request(url + path, {
    method,
    agent: false,
    // Connections are limited by address, and the quiet caller has its own.
    localAddress: caller === 'quiet' ? '127.0.0.2' : '127.0.0.1',
    headers: {
      authorization: `Bearer token-of-${caller}`,
      accept: path === bulk && manner === 'unread' && method === 'POST' ? 'application/x-ndjson' : 'application/json',
      ...headers,
      ...body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    },
    signal: manner === 'hang-up' ? AbortSignal.any([end, AbortSignal.timeout(500)]) : end
  })
  sent.on('error', () => undefined)
  sent.end(body)
  try {
    const [reply] = await once(sent, 'response', { signal: end }) as [IncomingMessage]
    reply.on('error', () => undefined)
    if (manner === 'unread' && reply.statusCode === 200) {
      await once(reply, 'close', { signal: end })
      return reply.statusCode
    }
    await finished(reply.resume())
    return reply.statusCode
  } catch {
    return undefined
  }
}

interface Result {
  before: number
  maximum: number
  after: number
  slowest: number
  unanswered: number
  statuses: Map<string, number>
  isAlive: boolean
}

async function measure (): Promise<void> {
  const { values: options } = parseArgs({
    options: { seconds: { type: 'string', default: '60' }, rest: { type: 'string', default: '10' }, only: { type: 'string', default: '' } }
  })
  const [seconds, rest] = [Number(options.seconds), Number(options.rest)]
  const folder = await mkdtemp(join(tmpdir(), 'bench-attacks-'))
  const backend = fork(import.meta.filename, ['backend'])
  const [endpoint] = await once(backend, 'message') as [string]
  await mkdir(join(folder, 'policies'))
  await writeFile(join(folder, 'policies', 'all.cedar'), `
    @id("attacker") permit (principal == Caller::"attacker", action, resource);
    @id("quiet") permit (principal == Caller::"quiet", action in Action::"read", resource);
    @id("stranger") permit (principal == Caller::"stranger", action in Action::"read", resource is Environment);
  `)
  await writeFile(join(folder, 'gateway.yaml'), stringify({
    environments: { dev: { region: 'eu-west-1', credential: 'bench' } },
    credentials: { bench: { kind: 'environment', accessKeyIdVariable: 'BENCH_KEY', secretAccessKeyVariable: 'BENCH_SECRET' } },
    authentication: { apiKeys: callers.map((id) => ({ id, hash: hashToken(`token-of-${id}`) })) },
    authorization: { policies: join(folder, 'policies') },
    aws: { endpoint }
  }))
  const gateway = spawn(process.execPath, ['--max-old-space-size=512', join(import.meta.dirname, '../src/server.ts')], {
    env: {
      PATH: process.env.PATH,
      GATEWAY_CONFIG: join(folder, 'gateway.yaml'),
      GATEWAY_DATA_DIR: folder,
      PORT: '0',
      BENCH_KEY: account.accessKeyId,
      BENCH_SECRET: account.secretAccessKey
    },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const url = await new Promise<string>((resolve) => {
    let output = ''
    gateway.stdout.on('data', (chunk: Buffer) => {
      if (output.length > 10_000) return
      output += chunk.toString()
      const [, found] = /listening on (http:\/\/[^\s"]+)/.exec(output) ?? []
      if (found !== undefined) resolve(found)
    })
  })
  const isAlive = (): boolean => gateway.exitCode === null && gateway.signalCode === null
  /** Returns the resident memory of the gateway in MiB, or 0 if it has ended. */
  const memory = async (): Promise<number> => {
    if (!isAlive()) return 0
    return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${gateway.pid}/status`, 'utf8').catch(() => ''))?.[1] ?? 0) / 1024
  }

  const never = new AbortController().signal
  for (let start = 0; start < 500; start += 100) {
    const secrets = names('made', 500).slice(start, start + 100).map((name) => ({ name, value, description: 'd'.repeat(2_000) }))
    const status = await send(url, { path: bulk, body: JSON.stringify({ secrets }) }, never)
    if (status !== 201) throw new Error(`The secrets could not be created: ${status}`)
  }

  async function run ({ clients, attempt, pause = 0 }: Attack): Promise<Result> {
    const before = await memory()
    const result: Result = { before, maximum: 0, after: 0, slowest: 0, unanswered: 0, statuses: new Map(), isAlive: true }
    const end = AbortSignal.timeout(seconds * 1_000)
    const attack = async (): Promise<void> => {
      while (!end.aborted && isAlive()) {
        const status = String(await send(url, attempt, end) ?? 'none')
        result.statuses.set(status, (result.statuses.get(status) ?? 0) + 1)
        await setTimeout(Number(status) >= 400 ? Math.max(pause, 20) : pause)
      }
    }
    const watch = async (): Promise<void> => {
      while (!end.aborted && isAlive()) {
        result.maximum = Math.max(result.maximum, await memory())
        await setTimeout(50)
      }
    }
    const read = async (): Promise<void> => {
      while (!end.aborted && isAlive()) {
        const started = performance.now()
        const status = await send(url, { method: 'GET', path: `${bulk}/made%2F0`, caller: 'quiet' }, never)
        result.slowest = Math.max(result.slowest, performance.now() - started)
        if (status !== 200) result.unanswered += 1
        await setTimeout(250)
      }
    }
    await Promise.all([watch(), read(), ...Array.from({ length: clients }, attack)])
    await setTimeout(rest * 1_000)
    return { ...result, after: await memory(), isAlive: isAlive() }
  }

  const text = (cells: readonly unknown[]): string =>
    cells.map((cell, index) => index === 0 ? String(cell).padEnd(36) : String(cell).padStart(9)).join('')
  console.log(text(['attack', 'before', 'maximum', 'after', 'alive', 'slowest', 'refused', '  replies']))
  const chosen = Object.entries(attacks).filter(([title]) => title.includes(options.only))
  for (const [, attack] of chosen.slice(0, 1)) await run(attack)
  for (const [title, attack] of chosen) {
    if (!isAlive()) continue
    const result = await run(attack)
    const { before, maximum, after, slowest, unanswered, statuses } = result
    const replies = Array.from(statuses, ([status, count]) => `${status}: ${count}`).join(', ')
    const sizes = [before, maximum, after].map((mebibytes) => `${mebibytes.toFixed(0)} MiB`)
    console.log(text([title, ...sizes, result.isAlive ? 'yes' : 'no', `${slowest.toFixed(0)} ms`, unanswered]), `  ${replies}`)
    if (!result.isAlive || maximum > limits.memory || after > before * limits.growth) process.exitCode = 1
  }
  gateway.kill('SIGTERM')
  if (isAlive()) await once(gateway, 'exit')
  backend.disconnect()
  await rm(folder, { recursive: true })
}

await (process.argv[2] === 'backend' ? serveBackend() : measure())
