/**
 * Runs a job that creates many secrets on the embedded backend, which enforces AWS's request quotas. Exits with 1 unless
 *
 * - every secret is created, with one accepted call, and at most one call in 100 is throttled: on a busy machine, calls can
 *   arrive closer together than they were sent
 * - the gateway uses at least 80 % of the quota in a quarter of all seconds, and never more than the quota. The other seconds may
 *   be slower, because other programs may keep the machine busy. The duration of the job is only printed.
 * - the gateway's memory stays flat
 * - the job reports the result of every secret, and reports its own progress at least every five seconds on average
 *
 *     node bench/bulk.ts [--secrets 5000] [--runs 1]
 *
 * The gateway runs in its own process.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { hashToken } from '#src/authentication/api-keys'
import { startLocalBackend } from '#src/local-backend/server'

const { values } = parseArgs({ options: { secrets: { type: 'string', default: '5000' }, runs: { type: 'string', default: '1' } } })
const total = Number(values.secrets)
const token = 'token-of-the-bench'
const account = { accountId: '111111111111', accessKeyId: 'AKIABENCH', secretAccessKey: 'bench-secret' }
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

/** AWS's quota for CreateSecret, in calls per second. */
const perSecond = 50

let throttled = 0
const calls = new Map<string, number>()

/** The times at which the backend accepted each CreateSecret, on the monotonic clock. */
const created: number[] = []
const backend = await startLocalBackend({
  accounts: [account],
  throttling: true,
  onOperation ({ operation, throttled: refused }) {
    calls.set(operation, (calls.get(operation) ?? 0) + 1)
    if (refused) throttled += 1
    else if (operation === 'CreateSecret') created.push(performance.now())
  }
})

const folder = await mkdtemp(join(tmpdir(), 'bench-'))
await mkdir(join(folder, 'policies'))
await writeFile(join(folder, 'policies', 'all.cedar'), '@id("all") permit (principal, action, resource);')
await writeFile(join(folder, 'gateway.yaml'), stringify({
  environments: { dev: { region: 'eu-west-1', credential: 'bench' } },
  credentials: { bench: { kind: 'environment', accessKeyIdVariable: 'BENCH_KEY', secretAccessKeyVariable: 'BENCH_SECRET' } },
  authentication: { apiKeys: [{ id: 'bench', hash: hashToken(token) }] },
  authorization: { policies: join(folder, 'policies') },
  aws: { endpoint: backend.url }
}))

const child = spawn(process.execPath, [join(import.meta.dirname, '../src/server.ts')], {
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
  child.stdout.on('data', (chunk: Buffer) => {
    if (output.length > 10_000) return
    output += chunk.toString()
    const [, found] = /listening on (http:\/\/[^\s"]+)/.exec(output) ?? []
    if (found !== undefined) resolve(found)
  })
})

/** Returns the resident memory of the gateway's process in MiB. */
async function residentMemory (): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

const median = (numbers: readonly number[]): number => numbers.toSorted((one, other) => one - other)[numbers.length >> 1] ?? NaN

interface Run {
  seconds: number
  created: number
  events: number
  progress: number
  memory: number[]
}

async function run (number: number): Promise<Run> {
  const secrets = Array.from({ length: total }, (_, index) => ({ name: `run-${number}/secret-${index}`, value: `value ${index}`.padEnd(200, '.') }))
  const samples: number[] = []
  const started = performance.now()
  const accepted = await fetch(`${url}/environments/dev/secrets`, {
    method: 'POST',
    headers: { ...headers, prefer: 'respond-async', 'idempotency-key': `bench-${number}` },
    body: JSON.stringify({ secrets })
  })
  const sampling = setInterval(() => { void residentMemory().then((mebibytes) => samples.push(mebibytes)) }, 1_000)
  const job = accepted.headers.get('location') ?? ''
  const followed = await fetch(`${url}${job}/events`, { headers })
  const events = await followed.text()
  const seconds = (performance.now() - started) / 1000
  clearInterval(sampling)
  const { counts } = await (await fetch(`${url}${job}`, { headers })).json() as { counts: { created: number } }
  const count = (name: string): number => events.split(`event: ${name}\n`).length - 1
  return { seconds, created: counts.created, events: count('item'), progress: count('progress'), memory: samples }
}

const runs: Run[] = []
for (let number = 0; number < Number(values.runs); number++) runs.push(await run(number))
child.kill('SIGTERM')
await backend.close()
await rm(folder, { recursive: true })

const calledInAll = [...calls.values()].reduce((sum, count) => sum + count, 0)
const quotaTime = total / perSecond

/** The numbers of secrets that the backend created in each second, in ascending order. */
const rates = [...created.reduce((seconds, time) => {
  const second = Math.floor(time / 1_000)
  return seconds.set(second, (seconds.get(second) ?? 0) + 1)
}, new Map<number, number>()).values()].toSorted((one, other) => one - other)
const upperQuartile = rates[Math.floor(rates.length * 0.75)] ?? 0
const seconds = median(runs.map((one) => one.seconds))
const halves = runs.map(({ memory: samples }) => {
  const half = samples.length >> 1
  return { first: Math.max(...samples.slice(0, half)), second: Math.max(...samples.slice(half)) }
})
const growth = median(halves.map(({ first, second }) => second - first))
console.log(`${total} secrets, ${runs.length} run(s)`)
console.log(`time        ${seconds.toFixed(1)} s (median); the quota requires ${quotaTime} s: ${((seconds / quotaTime - 1) * 100).toFixed(1)} % more`)
console.log(`rate        ${upperQuartile} created in a second of the upper quartile, ${rates.at(-1)} at most; the quota is ${perSecond}`)
console.log(`throttled   ${throttled} of ${calledInAll} calls`)
console.log(`memory      at most ${Math.max(...runs.flatMap((one) => one.memory)).toFixed(0)} MiB; ${growth.toFixed(0)} MiB more in the second half than in the first`)
console.log(`events      ${runs.map((one) => `${one.events} items, ${one.progress} progress reports`).join('; ')}`)

/** The maximum growth, in MiB, at which memory still counts as flat. Garbage collection alone causes variations of this size. */
const maxGrowth = 64
const isReported = runs.every((one) => one.events === total && one.progress >= one.seconds / 5)
const isPaced = upperQuartile >= perSecond * 0.8 && created.length === total * runs.length
const isComplete = runs.every(({ created }) => created === total)
const isPassed = isComplete && isReported && isPaced && throttled <= calledInAll / 100 && growth <= maxGrowth
if (!isPassed) process.exitCode = 1
