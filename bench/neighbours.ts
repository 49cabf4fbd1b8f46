/**
 * Measures the duration of a quiet caller's reads: first without other clients, and then beside each of several greedy clients.
 *
 *     node bench/neighbours.ts [--seconds 2] [--rounds 3] [--only versions,values] [--cached] [--burner false] [--untimed]
 *
 * The gateway is pinned to one core, and everything else to the other core. A greedy client also keeps the machine busy, which
 * makes any reply slower. To separate this from unfairness of the gateway, each measurement with a greedy client is followed by
 * one with burners. Burners are processes that send no requests, but put the same load on each core as the greedy client did.
 *
 * Each of the quiet caller's reads calls AWS, or with `--cached` only the first.
 *
 * With `--untimed`, exits with 1 if the quiet caller is not served or gets a 504, however long the replies take. Otherwise, also
 * exits with 1 if a p99 with a greedy client is more than three times the p99 with burners.
 */
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startBackend } from './neighbours/backend.ts'
import { burn } from './neighbours/burner.ts'
import { greedy } from './neighbours/greedy.ts'
import { cores, end, processorTime, startGateway, startPart } from './neighbours/processes.ts'
import { readQuietly, type Seen } from './neighbours/quiet.ts'
import { configure, createSecrets } from './neighbours/setting.ts'
import { isPassed, isServed, printTable, type Measurement, type Row } from './neighbours/table.ts'
import { pinToCore } from './pinned.ts'

const { positionals: [part, ...args], values } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: Object.keys(greedy).join(',') },
    burner: { type: 'string', default: 'true' },
    cached: { type: 'boolean', default: false },
    untimed: { type: 'boolean', default: false },
    profile: { type: 'string' }
  }
})
const seconds = Number(values.seconds)

/** The time, in milliseconds, that a greedy client or a burner runs before the measurement begins. */
const headStart = 300

/**
 * The gateway is idle if it uses less than `share` of a core during an interval. The benchmark waits at most
 * `longest` for this. Times are in milliseconds.
 */
const rest = { share: 0.1, interval: 300, longest: 10_000 }

/** The maximum time that a greedy client or a burner runs, in milliseconds, in case the benchmark does not end the process. */
const longest = 60_000

interface Running {
  readonly url: string
  readonly gateway: ChildProcess
  readonly backend: ChildProcess
}

/** Waits until the gateway is idle. Otherwise it would still be busy in the next measurement. */
async function untilAtRest (gateway: ChildProcess): Promise<void> {
  for (let waited = 0; waited < rest.longest; waited += rest.interval) {
    const before = processorTime(gateway)
    await delay(rest.interval)
    if (processorTime(gateway) - before < rest.share * rest.interval / 1_000) return
  }
}

/** Measures the quiet caller while the other processes run, and then ends these processes. */
async function measure ({ url, gateway, backend }: Running, companions: readonly ChildProcess[]): Promise<Measurement> {
  const used = (): number[] => [gateway, backend, ...companions].map(processorTime)
  const before = used()
  const began = performance.now()
  for (const one of companions) one.send('begin')
  await delay(headStart)
  const seen: Seen = await readQuietly(url, values.cached ? 'dev' : 'direct', seconds)
  const time = (performance.now() - began) / 1_000
  const [ofGateway = 0, ofBackend = 0, ...others] = used().map((after, index) => (after - (before[index] ?? 0)) / time)
  await Promise.all(companions.map(async (one) => end(one)))
  await untilAtRest(gateway)
  return { ...seen, gateway: ofGateway, backend: ofBackend, companions: others.reduce((sum, one) => sum + one, 0) }
}

async function beside (running: Running, name: string): Promise<Measurement> {
  return measure(running, [await startPart(import.meta.filename, 'greedy', [name, running.url], cores.others)])
}

/**
 * Measures the quiet caller while burners run. They add the load that the greedy client added, with the priorities of the
 * processes that caused it: the processor time in `busy` minus that in `idle`.
 */
async function besideBurner (running: Running, busy: Measurement, idle: Measurement): Promise<Measurement> {
  const burners = [
    { core: cores.gateway, share: busy.gateway - idle.gateway, isYielding: false },
    { core: cores.others, share: busy.backend - idle.backend, isYielding: false },
    { core: cores.others, share: busy.companions, isYielding: true }
  ]
  return measure(running, await Promise.all(burners.map(async ({ core, share, isYielding }) =>
    startPart(import.meta.filename, 'burner', [Math.max(0, share).toFixed(2)], core, isYielding))))
}

/** Takes all measurements. The rounds are interleaved, so that other load on the machine affects all rows equally. */
async function rowsOf (running: Running, names: readonly string[]): Promise<Row[]> {
  const rows = names.map((name): Row & { name: string } =>
    ({ name, title: greedy[name]?.title ?? name, idle: [], greedy: [], burner: [] }))
  // Discards the first measurement, in which V8 compiles the code.
  await measure(running, [])
  for (let round = 0; round < Number(values.rounds); round++) {
    const idle = await measure(running, [])
    for (const row of rows) {
      const busy = await beside(running, row.name)
      row.idle.push(idle)
      row.greedy.push(busy)
      if (values.burner === 'true') row.burner.push(await besideBurner(running, busy, idle))
    }
  }
  return rows
}

async function compare (): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-neighbours-'))
  pinToCore(process.pid, cores.others)
  const backend = await startPart(import.meta.filename, 'backend', [], cores.others, false)
  const endpoint = new Promise<string>((resolve) => { backend.once('message', resolve) })
  backend.send('begin')
  const profile = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]
  const { url, child: gateway } = await startGateway(await configure(folder, await endpoint), profile)
  try {
    await createSecrets(url)
    const rows = await rowsOf({ url, gateway, backend }, values.only.split(','))
    printTable(rows)
    console.log(`load average at the end: ${loadavg().map((load) => load.toFixed(1)).join(', ')}`)
    if (!(values.untimed ? isServed(rows) : isPassed(rows))) process.exitCode = 1
  } finally {
    await end(gateway, 'SIGTERM')
    await end(backend)
    await rm(folder, { recursive: true })
  }
}

const parts: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>> = {
  async backend () { process.send?.(await startBackend()) },
  async greedy (signal) { await greedy[args[0] ?? '']?.run(args[1] ?? '', signal) },
  async burner (signal) { await burn(Number(args[0]), signal) }
}

if (part === undefined) {
  process.setMaxListeners(0)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { process.exit(1) })
  await compare()
} else {
  process.once('disconnect', () => { process.exit() })
  process.once('message', () => { void parts[part]?.(AbortSignal.timeout(part === 'backend' ? longest * 20 : longest)) })
  process.send?.('ready')
}
