/**
 * Measures the start, from the creation of the process to the first reply with status 200, and the memory of an idle process.
 * Compares the gateway, from its source and built, with a Fastify server that uses the stock SDK client. They take turns.
 *
 *     npm run build
 *     node bench/start.ts [ROUNDS]
 *
 * The CPU time includes all threads. It depends less on other load on the machine than the elapsed time does.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import Fastify from 'fastify'
import { spread } from './statistics.ts'

const root = join(import.meta.dirname, '..')
const path = '/health/live'
const port = 27_319

/**
 * The milliseconds after which a process counts as idle. By then, it has loaded all modules that it loads on demand after the
 * start.
 */
const idleAfter = 3_000

const contenders: Readonly<Record<string, readonly string[]>> = {
  'Fastify and the stock SDK client': [import.meta.filename, 'stock'],
  'the gateway, built': [join(root, 'dist/src/server.js')],
  'the gateway, from its source': [join(root, 'src/server.ts')]
}

const units = ['first 200, ms', 'CPU time until then, ms', 'resident when idle, MiB'] as const

type Measured = Readonly<Record<typeof units[number], number>>

/** Sends one request. Returns true if the reply has the status 200. */
async function answers (): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (reply) => {
      reply.resume().on('end', () => { resolve(reply.statusCode === 200) })
    }).on('error', () => { resolve(false) })
  })
}

/** Returns the CPU time of a process in milliseconds. Linux counts it in hundredths of a second. */
async function cpuTime (pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** Returns the resident memory of a process in MiB. */
async function residentMemory (pid: number): Promise<number> {
  const [, kibibytes] = /^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) / 1_024
}

/** @throws Error if the process ends before it has answered */
async function measure (args: readonly string[], folder: string): Promise<Measured> {
  const began = performance.now()
  const child = spawn(process.execPath, [...args], {
    stdio: 'inherit',
    env: {
      ...process.env,
      PORT: String(port),
      LOG_LEVEL: 'warn',
      GATEWAY_CONFIG: join(folder, 'gateway.json'),
      GATEWAY_DATA_DIR: join(folder, 'data')
    }
  })
  const { pid = 0 } = child
  while (!await answers()) {
    if (child.exitCode !== null) throw new Error(`${args.join(' ')} has ended. Has "npm run build" been run?`)
    await delay(2)
  }
  const first = performance.now() - began
  const cpu = await cpuTime(pid)
  await delay(idleAfter)
  const resident = await residentMemory(pid)
  child.kill()
  await once(child, 'exit')
  return { 'first 200, ms': first, 'CPU time until then, ms': cpu, 'resident when idle, MiB': resident }
}

async function stock (): Promise<void> {
  const client = new SecretsManager({ region: 'eu-west-1' })
  const fastify = Fastify()
  fastify.get(path, async () => ({ service: client.config.serviceId }))
  await fastify.listen({ host: '127.0.0.1', port })
}

async function main (rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-start-'))
  const policies = join(folder, 'policies')
  await mkdir(policies)
  await writeFile(join(policies, 'reader.cedar'), '@id("reader") permit (principal == Caller::"reader", action, resource);')
  await writeFile(join(folder, 'gateway.json'), JSON.stringify({
    server: { shutdown: { delaySeconds: 0 } },
    environments: { dev: { region: 'eu-west-1', credential: 'own' } },
    credentials: { own: { kind: 'default-chain' } },
    authentication: { apiKeys: [{ id: 'reader', hash: `sha256:${'0'.repeat(64)}` }] },
    authorization: { policies }
  }))
  const measured = new Map(Object.keys(contenders).map((title): [string, Measured[]] => [title, []]))
  // In the first round, Node.js compiles the code and stores it. That round is not counted.
  for (let round = -1; round < rounds; round++) {
    for (const [title, args] of Object.entries(contenders)) {
      const numbers = await measure(args, folder)
      if (round >= 0) measured.get(title)?.push(numbers)
    }
  }
  const of = (title: string, unit: typeof units[number]): number[] => measured.get(title)?.map((numbers) => numbers[unit]) ?? []
  const rows = Object.keys(contenders).map((title) => `| ${[title, ...units.map((unit) => spread(of(title, unit)))].join(' | ')} |`)
  const table = [`| | ${units.join(' | ')} |`, '| --- | ---: | ---: | ---: |', ...rows].join('\n')
  console.log(table)
  const { BENCH_REPORT: report } = process.env
  if (report !== undefined) await appendFile(report, `### Start and memory\n\n${table}\n\n`)
  await rm(folder, { recursive: true })
}

const [, , mode = '5'] = process.argv
await (mode === 'stock' ? stock() : main(Number(mode)))
