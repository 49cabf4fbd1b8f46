/**
 * Attacks the memory of a gateway, which runs in its own process with 512 megabytes of heap. The attacks run one after another,
 * each for some seconds. Exits with 1 unless, in each attack, the gateway stays alive, its resident memory stays below 600 MiB,
 * and some seconds after the attack this memory is at most 20 % larger than before.
 *
 *     node bench/attacks.ts [--seconds 60] [--rest 10] [--only WORDS]...
 *
 * With `--only`, runs only the attacks whose titles contain these words. The first attack runs twice, and its first run does not
 * count: V8 keeps the memory of a grown heap, so a fresh process would be too strict a baseline.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startBackend } from './neighbours/backend.ts'
import { end, startGateway } from './neighbours/processes.ts'
import { configure, createSecrets, headersOf, longSecrets, longValue, pathOf, secrets, type CallerId } from './neighbours/setting.ts'

const limits = { memory: 600, growth: 1.2 }

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}/${index}`)

interface Attempt {
  readonly method?: string
  readonly path: string
  readonly body?: string
  readonly caller?: CallerId
  readonly headers?: Readonly<Record<string, string>>
  /** True if the reply is left unread until the attack ends. */
  readonly isUnread?: boolean
  /** The time in milliseconds after which the client disconnects. */
  readonly patience?: number
}

interface Attack {
  /** The number of clients. Each sends its next request when the previous one has ended. */
  readonly clients: number
  readonly attempt: Attempt
  /** The time between two requests of one client, in milliseconds. */
  readonly pause?: number
}

const bulk = '/environments/dev/secrets'
const values = '/environments/dev/values'
const lines = { accept: 'application/x-ndjson' }
const wrong = JSON.stringify({ secrets: names('wrong', 10_000).map((name) => ({ name: `/${name}`, value: 'x'.repeat(60), type: 'y'.repeat(30) })) })

const attacks: Readonly<Record<string, Attack>> = {
  'bulk creates of 10,000, hung up': {
    clients: 1, pause: 500, attempt: { path: bulk, body: JSON.stringify({ secretNames: names('placeholder', 10_000) }), patience: 500 }
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
    clients: 48,
    attempt: { path: bulk, body: JSON.stringify({ secrets: names('big', 250).map((name) => ({ name, value: longValue })), onConflict: 'update' }) }
  },
  '40 reads of 10,000 values, unread': {
    clients: 40, attempt: { path: values, body: JSON.stringify({ names: [...longSecrets, ...names('none', 9_900)] }), isUnread: true }
  },
  '150 reads of 10,000 values, hung up': {
    clients: 150, attempt: { path: values, body: JSON.stringify({ names: names('none', 10_000) }), patience: 3_000 }
  },
  '99 lists of versions per second': {
    clients: 99, pause: 1_000, attempt: { method: 'GET', path: `${pathOf(secrets.other)}/versions` }
  },
  '50 reads that stall at AWS, hung up': { clients: 50, attempt: { method: 'GET', path: pathOf(secrets.stalled, 'direct'), patience: 1_000 } },
  '1,000 reads while AWS takes 5 s': { clients: 1_000, attempt: { method: 'GET', path: pathOf(secrets.slow, 'direct') } },
  '30 wrong bodies without rights': { clients: 30, attempt: { path: bulk, body: wrong, caller: 'stranger' } },
  '30 wrong bodies': { clients: 30, attempt: { path: bulk, body: wrong } },
  '180 long logins': { clients: 180, attempt: { path: '/auth/aws/login', body: JSON.stringify({ headers: { x: 'y'.repeat(437_000) } }) } },
  '200 unread replies': { clients: 200, attempt: { path: values, body: JSON.stringify({ names: longSecrets }), isUnread: true } },
  '200 unread lists': { clients: 200, attempt: { method: 'GET', path: bulk, isUnread: true } },
  '40 reads of 10,000 forbidden names': {
    clients: 40, attempt: { path: values, body: JSON.stringify({ names: names('x', 10_000) }), caller: 'forbidden' }
  },
  '40 bulk lines of 10,000, unread': {
    clients: 40,
    attempt: {
      path: bulk, body: JSON.stringify({ secretNames: names('made', 10_000), onConflict: 'skip', dryRun: true }), headers: lines, isUnread: true
    }
  }
}

/** Sends a request. Resolves to the status, or to undefined if there is no reply. */
async function send (url: string, attempt: Attempt, end?: AbortSignal): Promise<number | undefined> {
  const { method = 'POST', path, body, caller = 'attacker', headers, isUnread = false, patience } = attempt
  const signals = [end ?? [], patience === undefined ? [] : AbortSignal.timeout(patience)].flat()
  const sent = request(url + path, {
    method,
    agent: false,
    // Connections are limited by address, so the quiet caller has its own.
    localAddress: caller === 'quiet' ? '127.0.0.2' : '127.0.0.1',
    headers: { ...headersOf(caller), ...headers, ...body !== undefined && { 'content-length': Buffer.byteLength(body) } },
    signal: AbortSignal.any(signals)
  })
  sent.on('error', () => undefined).end(body)
  const reply = await once(sent, 'response').then(([reply]) => reply as IncomingMessage, () => undefined)
  if (reply === undefined) return undefined
  reply.on('error', () => undefined)
  const ended = isUnread && reply.statusCode === 200 ? once(reply, 'close') : finished(reply.resume())
  await ended.catch(() => undefined)
  return reply.statusCode
}

interface Result {
  readonly before: number
  maximum: number
  readonly after: number
  slowest: number
  unanswered: number
  readonly statuses: Map<string, number>
  readonly isAlive: boolean
}

const isAlive = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null

/** Returns the resident memory of the gateway in MiB, or 0 if it has ended. */
async function memoryOf (gateway: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${gateway.pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
}

interface Running {
  readonly url: string
  readonly gateway: ChildProcess
}

/** Attacks for some seconds, while the quiet caller reads a secret, and lets the gateway rest. The times are in milliseconds. */
async function run (
  { url, gateway }: Running, { clients, attempt, pause = 0 }: Attack, { time, rest }: { time: number, rest: number }
): Promise<Result> {
  const before = await memoryOf(gateway)
  const result: Result = { before, maximum: 0, after: 0, slowest: 0, unanswered: 0, statuses: new Map(), isAlive: true }
  const end = AbortSignal.timeout(time)
  const goesOn = (): boolean => !end.aborted && isAlive(gateway)
  const attack = async (): Promise<void> => {
    while (goesOn()) {
      const status = String(await send(url, attempt, end) ?? 'none')
      result.statuses.set(status, (result.statuses.get(status) ?? 0) + 1)
      await setTimeout(Number(status) >= 400 ? Math.max(pause, 20) : pause)
    }
  }
  const watch = async (): Promise<void> => {
    while (goesOn()) {
      result.maximum = Math.max(result.maximum, await memoryOf(gateway))
      await setTimeout(50)
    }
  }
  const read = async (): Promise<void> => {
    while (goesOn()) {
      const started = performance.now()
      const status = await send(url, { method: 'GET', path: pathOf(secrets.quiet, 'direct'), caller: 'quiet' })
      result.slowest = Math.max(result.slowest, performance.now() - started)
      if (status !== 200) result.unanswered += 1
      await setTimeout(250)
    }
  }
  await Promise.all([watch(), read(), ...Array.from({ length: clients }, attack)])
  await setTimeout(rest)
  return { ...result, after: await memoryOf(gateway), isAlive: isAlive(gateway) }
}

const text = (cells: readonly unknown[]): string =>
  cells.map((cell, index) => index === 0 ? String(cell).padEnd(36) : String(cell).padStart(9)).join('')

function print (title: string, { before, maximum, after, slowest, unanswered, statuses, isAlive }: Result): void {
  const replies = Array.from(statuses, ([status, count]) => `${status}: ${count}`).join(', ')
  const sizes = [before, maximum, after].map((mebibytes) => `${mebibytes.toFixed(0)} MiB`)
  console.log(text([title, ...sizes, isAlive ? 'yes' : 'no', `${slowest.toFixed(0)} ms`, unanswered]), `  ${replies}`)
}

const isWithstood = ({ before, maximum, after, isAlive }: Result): boolean =>
  isAlive && maximum <= limits.memory && after <= before * limits.growth

async function attackAll (): Promise<void> {
  const { values: { seconds, rest, only } } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' }, rest: { type: 'string', default: '10' }, only: { type: 'string', multiple: true, default: [''] }
    }
  })
  const times = { time: Number(seconds) * 1_000, rest: Number(rest) * 1_000 }
  const folder = await mkdtemp(join(tmpdir(), 'bench-attacks-'))
  const backend = fork(import.meta.filename, ['backend'])
  const [endpoint] = await once(backend, 'message') as [string]
  const { url, child: gateway } = await startGateway(await configure(folder, endpoint), ['--max-old-space-size=512'])
  try {
    await createSecrets(url)
    const chosen = Object.entries(attacks).filter(([title]) => only.some((words) => title.includes(words)))
    for (const [, attack] of chosen.slice(0, 1)) await run({ url, gateway }, attack, times)
    console.log(text(['attack', 'before', 'maximum', 'after', 'alive', 'slowest', 'refused', '  replies']))
    for (const [title, attack] of chosen) {
      const result = await run({ url, gateway }, attack, times)
      print(title, result)
      if (!isWithstood(result)) process.exitCode = 1
      if (!result.isAlive) break
    }
  } finally {
    await end(gateway, 'SIGTERM')
    backend.disconnect()
    await rm(folder, { recursive: true })
  }
}

if (process.argv[2] === 'backend') {
  process.once('disconnect', () => { process.exit() })
  process.send?.(await startBackend())
} else {
  await attackAll()
}
