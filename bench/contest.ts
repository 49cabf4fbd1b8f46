import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFile } from 'node:fs/promises'
import autocannon from 'autocannon'
import { pinToCore } from './pinned.ts'
import { header, median, row, spread } from './statistics.ts'

/** A reply whose cost is measured. */
export interface Contender {
  readonly title: string
  /** The name of the server that sends it. */
  readonly server: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** The body of a POST request. Without it, the request is a GET. */
  readonly body?: string
  readonly status: number
}

/** A server in its own process. */
export interface Server {
  readonly child: ChildProcess
  readonly url: string
}

interface Contest {
  /** The heading of the table in the report. */
  readonly title: string
  readonly contenders: readonly Contender[]
  readonly servers: ReadonlyMap<string, Server>
  /** The title of the contender with which the others are compared. */
  readonly baseline: string
  /** The number of keep-alive connections. */
  readonly connections: number
  readonly rounds: number
}

/** The core to which the measured servers are pinned, and the core for everything else. */
export const cores = { servers: 0, others: 1 } as const

/** The time, in seconds, for which a contender is measured in a round. */
const duration = 2

/** Starts a server in its own process, by running a file with some arguments. The process calls `serve`. */
export async function startServer (file: string, args: readonly string[], core: number = cores.servers): Promise<Server> {
  const child = fork(file, [...args])
  pinToCore(child.pid, core)
  const [url] = await once(child, 'message') as [string]
  return { child, url }
}

export async function endServer ({ child }: Server): Promise<void> {
  child.disconnect()
  await once(child, 'exit')
}

/** Returns the CPU time of this process, in microseconds. */
function ownCpuTime (): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/**
 * Tells the parent process the URL of a server, and the server's CPU time whenever the parent asks for it.
 *
 * @param used returns the CPU time in microseconds; defaults to the CPU time of this process
 */
export function serve (url: string, used: () => number = ownCpuTime): void {
  process.send?.(url)
  process.on('message', () => { process.send?.(used()) })
  process.once('disconnect', () => { process.exit() })
}

/** Returns the CPU time, in microseconds, that a server's process has used so far. */
async function cpuTime ({ child }: Server): Promise<number> {
  child.send('cpu')
  const [used] = await once(child, 'message') as [number]
  return used
}

const units = ['requests per second', 'CPU time per request, µs', 'p99 latency, ms'] as const

type Unit = typeof units[number]

type Measured = Readonly<Record<Unit, number>>

/** A contender's measurements, one for each round. */
interface Result {
  readonly title: string
  readonly rounds: readonly Measured[]
}

/**
 * Measures a contender's requests per second and latency, and the CPU time of its server per request. Unlike the other two, the
 * CPU time does not depend on the speed of the load generator.
 *
 * @throws Error for a reply with an unexpected status
 */
async function measure (
  server: Server, { title, path, headers, body, status }: Contender, connections: number
): Promise<Measured> {
  const before = await cpuTime(server)
  const load = { url: server.url + path, headers: { ...headers }, connections, duration, ...body !== undefined && { method: 'POST' as const, body } }
  const { requests, latency, statusCodeStats, errors } = await autocannon(load)
  const cpu = (await cpuTime(server) - before) / requests.total
  const unexpected = Object.keys(statusCodeStats ?? {}).filter((code) => code !== String(status))
  if (errors > 0 || unexpected.length > 0) throw new Error(`${title}: ${errors} errors, unexpected statuses: ${unexpected.join(', ')}`)
  return { 'requests per second': requests.average, 'CPU time per request, µs': cpu, 'p99 latency, ms': latency.p99 }
}

/** The number of rounds that are not counted. In these rounds, V8 compiles and optimizes the code. */
const warmUp = 4

/**
 * Measures the contenders in turn, so that other load on the machine affects all of them equally. Prints a table for each unit.
 * If the environment variable `BENCH_REPORT` names a file, appends a table in Markdown to it.
 */
export async function compete ({ title: heading, contenders, servers, baseline, connections, rounds }: Contest): Promise<void> {
  const measured = new Map(contenders.map(({ title }): [string, Measured[]] => [title, []]))
  for (let round = -warmUp; round < rounds; round++) {
    for (const contender of contenders) {
      const server = servers.get(contender.server)
      if (server === undefined) throw new TypeError(`There is no server ${contender.server}`)
      const numbers = await measure(server, contender, connections)
      if (round >= 0) measured.get(contender.title)?.push(numbers)
    }
  }
  const results = Array.from(measured, ([title, rounds]): Result => ({ title, rounds }))
  for (const unit of units) {
    const of = (title: string): number[] => measured.get(title)?.map((numbers) => numbers[unit]) ?? []
    console.log(header(unit))
    for (const { title } of contenders) console.log(row(title, of(title), of(baseline)))
  }
  const report = process.env.BENCH_REPORT
  if (report !== undefined) await appendFile(report, `### ${heading}\n\n${markdownTable(results, baseline)}\n\n`)
}

/** Returns the results of a contest as a table in Markdown. Each number is a median, with the first and third quartile. */
function markdownTable (results: readonly Result[], baseline: string): string {
  const numbersOf = (title: string, unit: Unit): number[] =>
    results.find((result) => result.title === title)?.rounds.map((numbers) => numbers[unit]) ?? []
  const rows = results.map(({ title }) => {
    const cells = units.map((unit) => spread(numbersOf(title, unit)))
    const ratio = median(numbersOf(title, 'requests per second')) / median(numbersOf(baseline, 'requests per second'))
    return `| ${[title, ...cells, ratio.toFixed(2)].join(' | ')} |`
  })
  return [`| | ${units.join(' | ')} | ratio |`, `| --- | ${units.map(() => '---: | ').join('')}---: |`, ...rows].join('\n')
}
