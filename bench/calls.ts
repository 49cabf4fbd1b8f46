/**
 * Counts the calls to AWS for a million reads of a thousand secrets within an hour. The hour is simulated: the gateway's cache
 * runs on a clock that jumps from one event to the next, and calls a port that only counts. The popularity of the secrets follows
 * Zipf's law. The random numbers have a fixed seed, so every run has the same result.
 *
 *     node bench/calls.ts
 *
 * Compares the gateway with no cache, and with a cache like the AWS Secrets Manager Agent's. That cache calls `GetSecretValue`
 * for a missing secret, and `DescribeSecret` to check whether an expired value is still current.
 */
import { appendFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import type { CacheStatus } from '#src/aws/caching'
import type { SecretsPort } from '#src/aws/port'
import type { ReadSecret } from '#src/aws/secret'
import { createMemory } from '#src/cache/memory'
import { createReader } from '#src/cache/reader'
import type { Environment } from '#src/environments/environment'
import { isSecretName, type SecretName } from '#src/environments/names'
import type { After } from '#src/scheduling/timeouts'

const secrets = 1_000
const reads = 1_000_000
/** All times are in milliseconds. */
const hour = 3_600_000
const ttl = 300_000
/** The time until AWS replies. */
const latency = 20

const environment: Environment = {
  name: 'dev',
  region: 'eu-west-1',
  credential: 'dev-account',
  allowedCredentials: ['dev-account'],
  namePrefix: 'dev/',
  tags: {},
  replicaRegions: [],
  recoveryWindowInDays: 30,
  deletionProtection: false,
  requiredSecrets: [],
  pendingDeletion: 'conflict'
}

/** Returns a generator of random numbers from 0 to 1 (mulberry32). */
function randomNumbers (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6D2B79F5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Returns the index of the secret for each read. The probability of the index n is proportional to 1 / (n + 1). */
function zipf (random: () => number): Uint16Array {
  const sums: number[] = []
  for (let rank = 1; rank <= secrets; rank++) sums.push((sums.at(-1) ?? 0) + 1 / rank)
  const total = sums.at(-1) ?? 0
  return Uint16Array.from({ length: reads }, () => {
    const place = random() * total
    let [low, high] = [0, secrets - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) < place) low = middle + 1
      else high = middle
    }
    return low
  })
}

/** A clock that shows simulated time, with its timers. */
interface Clock {
  readonly now: () => number
  readonly after: After
  /** Moves the clock to a time, and runs the timers that are due by then. */
  readonly moveTo: (time: number) => Promise<void>
}

function simulatedClock (): Clock {
  let now = 0
  const timers = new Set<{ readonly at: number, readonly callback: () => void }>()
  const next = (): number => Array.from(timers).reduce((first, { at }) => Math.min(first, at), Infinity)
  return {
    now: () => now,
    after (milliseconds, callback) {
      const timer = { at: now + milliseconds, callback }
      timers.add(timer)
      return () => { timers.delete(timer) }
    },
    async moveTo (time) {
      for (let at = next(); at <= time; at = next()) {
        now = at
        for (const timer of Array.from(timers).filter((timer) => timer.at <= at)) {
          timers.delete(timer)
          timer.callback()
        }
        await untilIdle()
      }
      now = time
    }
  }
}

/** Waits until the cache has sent all calls that are due by now. */
async function untilIdle (): Promise<void> {
  for (let iteration = 0; iteration < 5; iteration++) await setImmediate()
}

function nameOf (index: number): SecretName {
  const name = `secret-${index}`
  if (!isSecretName(name)) throw new TypeError(name)
  return name
}

type Calls = Readonly<Record<string, number>>

/** Reads the secrets through the gateway's cache, evenly over the hour, and counts the calls. */
async function countOurs (order: Uint16Array, random: () => number, isPreloaded: boolean): Promise<Calls> {
  const clock = simulatedClock()
  const calls = { GetSecretValue: 0, BatchGetSecretValue: 0 }
  const reply = async <Result>(result: Result): Promise<Result> => new Promise((resolve) => {
    clock.after(latency, () => { resolve(result) })
  })
  const secretOf = (name: SecretName): ReadSecret => ({
    name, arn: `arn:aws:secretsmanager:eu-west-1:111111111111:secret:dev/${name}-AbCdEf`, versionId: '1',
    versionStages: ['AWSCURRENT'], createdDate: new Date(0), content: name
  })
  const port: Pick<SecretsPort, 'getSecretValue' | 'batchGetSecretValue'> = {
    async getSecretValue (_call, name) {
      calls.GetSecretValue += 1
      return reply(secretOf(name))
    },
    async batchGetSecretValue (_call, { names }) {
      calls.BatchGetSecretValue += 1
      return reply({ items: names.map((name) => ({ name, secret: secretOf(name) })) })
    }
  }
  const cache = createReader(port, createMemory(2 ** 30, clock.now), {
    timesOf: () => ({ ttl, staleIfError: 0 }),
    hasSessions: () => false,
    sharesReads: () => true,
    maximumBytes: 2 ** 30,
    monotonic: clock.now,
    random,
    after: clock.after,
    schedule: clock.after
  }, new AbortController().signal)

  if (isPreloaded) for (let index = 0; index < secrets; index++) void cache.preload(environment, nameOf(index))
  await clock.moveTo(1_000)
  for (const [index, secret] of order.entries()) {
    await clock.moveTo(1_000 + index * hour / reads)
    let status: CacheStatus | undefined
    void cache.getSecretValue({
      environment, credentialId: environment.credential, callerId: 'reader',
      caching: { onStatus (found) { status = found } }
    }, nameOf(secret))
    if (status === undefined) await untilIdle()
  }
  return calls
}

/** Counts the calls of a cache that checks expired values with `DescribeSecret`. */
function countAgent (order: Uint16Array): Calls {
  const expiries = new Float64Array(secrets)
  const calls = { GetSecretValue: 0, DescribeSecret: 0 }
  for (const [index, secret] of order.entries()) {
    const now = index * hour / reads
    const expiry = expiries[secret] ?? 0
    if (expiry > now) continue
    if (expiry === 0) calls.GetSecretValue += 1
    else calls.DescribeSecret += 1
    expiries[secret] = now + ttl
  }
  return calls
}

const agent = 'a cache like that of AWS\'s agent'
const random = randomNumbers(1)
const order = zipf(random)
const counted: Readonly<Record<string, Calls>> = {
  'no cache': { GetSecretValue: reads },
  [agent]: countAgent(order),
  'the gateway': await countOurs(order, random, false),
  'the gateway, with all secrets in `requiredSecrets`': await countOurs(order, random, true)
}
const totalOf = (calls: Calls = {}): number => Object.values(calls).reduce((sum, count) => sum + count, 0)
const rows = Object.entries(counted).map(([title, calls]) => {
  const operations = Object.entries(calls).map(([operation, count]) => `${count} ${operation}`).join(', ')
  return `| ${title} | ${totalOf(calls)} | ${operations} | ${(totalOf(calls) / totalOf(counted[agent])).toFixed(3)} |`
})
const table = ['| | calls | of which | ratio |', '| --- | ---: | --- | ---: |', ...rows].join('\n')
console.log(table)
const { BENCH_REPORT: report } = process.env
if (report !== undefined) await appendFile(report, `### Calls to AWS\n\n${table}\n\n`)
