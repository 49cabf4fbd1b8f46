/**
 * Runs three replicas at half of their capacity, with a random fault every few seconds: a fault of the fault table between the
 * gateway and AWS, of the server that the replicas share, or of a replica. Exits with 1 unless
 *
 * - no acknowledged write is lost, and no read returns a wrong value, or a value that is older than the cache allows
 * - every reply is a success or a problem that tells the caller to try again
 * - no replica crashes
 * - the memory and the open file descriptors of the replica that is never restarted stay flat
 *
 *     npm run soak -- [--minutes 20] [--seed N]
 *
 * The seed determines which faults happen when. It is printed, so that a run can be repeated.
 */
import { existsSync } from 'node:fs'
import { Agent } from 'node:http'
import { parseArgs } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { randomInt } from 'node:crypto'
import { startLocalBackend } from '#src/local-backend/server'
import { startProxy } from '#test/faults/proxy'
import { startRedis } from '#test/redis'
import { randomNumbers } from '../scripts/mutation/sample.ts'
import { startBalancer } from './fleet/balancer.ts'
import { createCleanup } from './fleet/cleanup.ts'
import { createClient, type Answer, type Send } from './fleet/client.ts'
import { account, startFleet, token } from './fleet/fleet.ts'
import { createLedger } from './fleet/ledger.ts'
import { soakFaults } from './fleet/soak-faults.ts'
import { median } from './statistics.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '20' }, seed: { type: 'string' } } })
const duration = Number(values.minutes) * 60_000
const seed = Number(values.seed ?? randomInt(2 ** 31))
const random = randomNumbers(seed)

const writesPerSecond = 5
const ttl = 2_000
const deadline = 1_000

/**
 * How long a read may still return a replaced value: the time to live, plus the duration of a call in flight, plus a tolerance
 * for a busy machine.
 */
const staleness = ttl + deadline + 3_000

/** The statuses that tell a caller to try again later. */
const temporary = new Set([502, 503, 504])

/**
 * The number of file descriptors that an idle replica may gain after its start, for connections to AWS and to the shared server.
 */
const moreDescriptors = 20

/** The maximum resident memory of a replica in bytes, and the growth that garbage collection alone can cause. */
const mostMemory = 768 * 1_024 * 1_024
const moreMemory = 64 * 1_024 * 1_024

/** The minutes of warm-up. After that, the memory should no longer grow. */
const warmUp = 4

// The number of secrets. AWS keeps at most 100 versions of each, so the writes have to be spread over enough secrets.
const secrets = Math.max(20, Math.ceil(duration / 1_000 * writesPerSecond / 60))
const names = Array.from({ length: secrets }, (_, index) => `soak-${index}`)
const ledger = createLedger(names, staleness)
const pathOf = (name: string): string => `/environments/dev/secrets/${name}`
const mistakes: string[] = []
const outcomes = new Map<string, number>()
const cleanup = createCleanup()

const backend = await startLocalBackend({ accounts: [account] })
cleanup.teardown(backend.close)
const proxy = await startProxy(cleanup, { backend: backend.url })
const redis = process.env.REDIS_SERVER !== undefined || existsSync('/usr/bin/redis-server') ? await startRedis(cleanup) : undefined
const fleet = await startFleet(cleanup, {
  replicas: 3,
  endpoint: proxy.url,
  sharedUrl: redis?.url,
  delaySeconds: 1,
  cache: { ttlSeconds: ttl / 1_000 },
  aws: { deadlineSeconds: deadline / 1_000 }
})
const balancer = await startBalancer(cleanup, fleet.map(({ url }) => url))
const agent = new Agent({ keepAlive: true })
cleanup.teardown(() => { agent.destroy() })
const send = createClient(balancer.url, token, agent)

function judge (kind: string, answer: Answer): boolean {
  const { status } = answer
  const source = status !== undefined && answer.balancer !== undefined ? ' of the balancer' : ''
  const outcome = `${kind}: ${status ?? 'no reply'}${source}`
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  if (status === 200 || status === 201) return true
  if (status === undefined || !temporary.has(status)) mistakes.push(`${outcome}: ${answer.body.slice(0, 300)}`)
  return false
}

const valueIn = (body: string): string => {
  const parsed: unknown = JSON.parse(body)
  return typeof parsed === 'object' && parsed !== null && 'value' in parsed ? String(parsed.value) : ''
}

async function read (name: string): Promise<void> {
  const began = performance.now()
  const answer = await send('GET', pathOf(name))
  if (!judge('read', answer)) return
  const mistake = ledger.mistake(name, valueIn(answer.body), began)
  if (mistake !== undefined) mistakes.push(mistake)
}

async function write (name: string): Promise<boolean> {
  const { value, acknowledged } = ledger.begin(name)
  const isWritten = judge('write', await send('PUT', pathOf(name), { value }))
  if (isWritten) acknowledged()
  return isWritten
}

const pick = <T>(list: readonly T[], number: number): T => {
  const found = list[Math.floor(number * list.length)]
  if (found === undefined) throw new RangeError('The list is empty')
  return found
}

/** Returns the number of reads per second that the fleet answers if each client sends its next read as soon as it has a reply. */
async function capacity (milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds
  let count = 0
  await Promise.all(Array.from({ length: 32 }, async () => {
    while (performance.now() < end) {
      await read(pick(names, Math.random()))
      count += 1
    }
  }))
  return count / milliseconds * 1_000
}

for (const name of names) if (!await write(name)) throw new Error(`${name} could not be created: ${mistakes.join()}`)
const reads = await capacity(Math.min(10_000, duration / 10)) / 2
console.log(`seed ${seed}; ${values.minutes} minutes at ${reads.toFixed(0)} reads and ${writesPerSecond} writes per second; ${names.length} secrets`)

const [observed] = fleet
const samples: { memory: number, descriptors: number }[] = []
const sample = (): void => {
  const resources = observed?.resources()
  if (resources !== undefined) samples.push(resources)
}
/** Returns the number of descriptors of the observed replica while nothing is connected to it. */
async function idleDescriptors (): Promise<number> {
  balancer.closeIdle()
  await delay(1_500)
  return observed?.resources()?.descriptors ?? NaN
}

let isOver = false
let skipped = 0

/** Sends reads at a constant rate, without waiting for the replies. */
async function readSteadily (): Promise<void> {
  const started = performance.now()
  const pending = new Set<Promise<void>>()
  let sent = 0
  while (!isOver) {
    await delay(10)
    const due = Math.floor((performance.now() - started) / 1_000 * reads)
    for (; sent < due; sent++) {
      // A late load generator must not send all overdue reads at once.
      if (pending.size >= 500) {
        skipped += 1
        continue
      }
      const one = read(pick(names, Math.random())).finally(() => { pending.delete(one) })
      pending.add(one)
    }
  }
  await Promise.all(pending)
}

/** Writes at a constant rate. Each writer has its own secrets, so the order of the writes to a secret is known. */
async function writeSteadily (own: readonly string[]): Promise<void> {
  for (let turn = 0; !isOver; turn++) {
    const name = own[turn % own.length]
    await Promise.all([delay(1_000), name === undefined ? undefined : write(name)])
  }
}

const happened: string[] = []
async function goWrong (): Promise<void> {
  const faults = soakFaults(proxy, redis, fleet)
  while (!isOver) {
    const { what, happen } = pick(faults, random())
    happened.push(what)
    await happen(500 + random() * 1_500)
    await delay(500 + random() * 2_500)
  }
}

const idle = await idleDescriptors()
const sampling = setInterval(sample, 1_000)
const writers = Array.from({ length: writesPerSecond }, (_, writer) =>
  names.filter((_name, index) => index % writesPerSecond === writer))
const work = Promise.all([readSteadily(), goWrong(), ...writers.map(writeSteadily)])
await delay(duration)
isOver = true
await work
clearInterval(sampling)

/**
 * Reads a secret from AWS, and describes the mistake in its value, if any. Repeats a failed read for up to 30 seconds, because
 * the replica's circuit breaker may still be open.
 */
async function readAtTheEnd (ask: Send, name: string): Promise<string | undefined> {
  const end = performance.now() + 30_000
  for (;;) {
    const { status, body } = await ask('GET', pathOf(name), undefined, { 'cache-control': 'no-cache' })
    if (status === 200) return ledger.finalMistake(name, valueIn(body))
    if (performance.now() > end) return `${name} can't be read: ${status} ${body}`
    await delay(500)
  }
}

// All faults have been removed. AWS must now have every acknowledged value.
const client = new Agent({ keepAlive: true })
for (const replica of fleet) {
  const ask = createClient(replica.url, token, client)
  for (const name of names) {
    const mistake = await readAtTheEnd(ask, name)
    if (mistake !== undefined) mistakes.push(`At the end, ${replica.name}: ${mistake}`)
  }
}
client.destroy()
const left = await idleDescriptors() - idle

const quarter = samples.length >> 2
const memory = samples.map((one) => one.memory)
const growth = median(memory.slice(-quarter)) - median(memory.slice(quarter, 2 * quarter))
const isGrowing = Math.max(...memory) > mostMemory || (Number(values.minutes) > warmUp && growth > moreMemory)
const crashes = fleet.flatMap((replica) => replica.crashes)
const mebibytes = (bytes: number): string => (bytes / 1_024 / 1_024).toFixed(0)
await cleanup.run()

console.log(`faults       ${happened.length}, ${new Set(happened).size} different`)
console.log(`replies      ${[...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ')}${skipped > 0 ? `; ${skipped} not sent` : ''}`)
console.log(`writes       ${ledger.acknowledged()} acknowledged`)
console.log(`memory       ${mebibytes(Math.max(...memory))} MiB at most, ${mebibytes(growth)} MiB more in the last quarter than in the second`)
console.log(`descriptors  ${Math.max(...samples.map(({ descriptors }) => descriptors))} at most, ${left} more at the end than at the start`)
console.log(`mistakes     ${mistakes.length}`)
for (const mistake of [...mistakes, ...crashes].slice(0, 20)) console.log(`  ${mistake}`)
if (mistakes.length > 0 || crashes.length > 0 || isGrowing || !(left <= moreDescriptors)) {
  console.log(`FAILED; the faults were: ${happened.join('; ')}`)
  process.exitCode = 1
}
