/**
 * Restarts three replicas one after another, under load, behind a balancer that follows readiness. Exits with 1 unless every
 * request succeeds, the cached reads and the writes alike, and every replica has been ended and started again.
 *
 *     node bench/rolling.ts [--requests 100000] [--clients 32]
 *
 * Neither the balancer nor the clients repeat a request.
 */
import { Agent } from 'node:http'
import { parseArgs } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { startLocalBackend } from '#src/local-backend/server'
import { startBalancer } from './fleet/balancer.ts'
import { createCleanup } from './fleet/cleanup.ts'
import { createClient } from './fleet/client.ts'
import { account, startFleet, token } from './fleet/fleet.ts'
import { quantile } from './statistics.ts'

const { values } = parseArgs({ options: { requests: { type: 'string', default: '100000' }, clients: { type: 'string', default: '32' } } })
const total = Number(values.requests)
const clients = Number(values.clients)

/** The number of requests per write. A list is half as frequent as a write, and all other requests are reads. */
const writeEvery = 100

/** The number of secrets. AWS keeps at most 100 versions of each, so the writes have to be spread over enough secrets. */
const secrets = Math.max(20, Math.ceil(total / writeEvery / 50))

const nameOf = (index: number): string => `/environments/dev/secrets/secret-${index % secrets}`

const cleanup = createCleanup()
const backend = await startLocalBackend({ accounts: [account] })
cleanup.teardown(backend.close)
const fleet = await startFleet(cleanup, { replicas: 3, endpoint: backend.url, delaySeconds: 2 })
const balancer = await startBalancer(cleanup, fleet.map(({ url }) => url))
const agent = new Agent({ keepAlive: true })
cleanup.teardown(() => { agent.destroy() })
const send = createClient(balancer.url, token, agent)

const failures = new Map<string, number>()
const counts = { reads: 0, writes: 0, lists: 0 }
const times: number[] = []
let sent = 0
let isRolling = true

async function one (index: number): Promise<void> {
  const began = performance.now()
  const kind = index % (2 * writeEvery) === 0 ? 'lists' : index % writeEvery === writeEvery / 2 ? 'writes' : 'reads'
  const answer = kind === 'lists'
    ? await send('GET', '/environments/dev/secrets?limit=10')
    : kind === 'writes' ? await send('PUT', nameOf(index / writeEvery | 0), { value: `value ${index}` }) : await send('GET', nameOf(index))
  times.push(performance.now() - began)
  counts[kind] += 1
  if (answer.status === 200 || answer.status === 201) return
  const reason = `${kind}: ${answer.status ?? 'no reply'} ${answer.body.slice(0, 200)}`
  failures.set(reason, (failures.get(reason) ?? 0) + 1)
}

/** Sends requests until there are enough of them, and all replicas have been restarted. */
async function client (): Promise<void> {
  while (sent < total || isRolling) await one(sent++)
}

async function becomes (url: string, ready: boolean): Promise<void> {
  while (balancer.isReady(url) !== ready) await delay(20)
}

const exits: (number | null)[] = []
async function roll (): Promise<void> {
  for (const replica of fleet) {
    // The restarts are spread evenly over the run.
    while (sent < total * (exits.length + 0.5) / (fleet.length + 1)) await delay(20)
    exits.push(await replica.end('SIGTERM'))
    await becomes(replica.url, false)
    await replica.start()
    await becomes(replica.url, true)
    console.log(`${replica.name} restarted after ${sent} requests`)
  }
  isRolling = false
}

for (let index = 0; index < secrets; index++) {
  const { status, body } = await send('PUT', nameOf(index), { value: 'first' })
  if (status !== 201) throw new Error(`A secret could not be created: ${status} ${body}`)
}
const began = performance.now()
await Promise.all([roll(), ...Array.from({ length: clients }, client)])
const seconds = (performance.now() - began) / 1_000
await cleanup.run()

const sorted = times.toSorted((one, other) => one - other)
console.log(`${sorted.length} requests in ${seconds.toFixed(0)} s: ${counts.reads} reads, ${counts.writes} writes, ${counts.lists} lists`)
console.log(`median ${quantile(sorted, 0.5).toFixed(1)} ms, p99 ${quantile(sorted, 0.99).toFixed(1)} ms, longest ${quantile(sorted, 1).toFixed(0)} ms`)
console.log(`errors: ${[...failures.values()].reduce((sum, count) => sum + count, 0)}`)
for (const [reason, count] of failures) console.log(`  ${count} × ${reason}`)
const complaints = fleet.flatMap((replica) => replica.complaints)
if (complaints.length > 0) console.log(complaints.slice(0, 10).join('\n'))
if (failures.size > 0 || sorted.length < total || exits.some((status) => status !== 0)) process.exitCode = 1
