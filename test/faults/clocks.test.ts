import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { hashToken } from '#src/authentication/api-keys'
import { roleArns } from '#test/aws-roles'
import { startBackend, type Backend } from '#test/backends'
import { send, type Reply } from '#test/helper'
import { hangTimeout } from '#test/raw'
import { until } from '#test/until'
import { situations } from './situations.ts'

/** Overrides the clock of a process. Debian's package `faketime` has the library. */
const library = process.env.LIBFAKETIME ?? globSync('/usr/lib/*/faketime/libfaketime.so.1')[0]
const skip = library === undefined ? 'the library libfaketime is not installed' : false

const server = join(import.meta.dirname, '../../src/server.ts')
const token = 'token-of-the-clocks'
const path = '/environments/dev/secrets/a'

interface Gateway {
  send: (method: string, json?: unknown) => Promise<Reply>
  /**
   * Sets the gateway's clock ahead of the real time, or behind it if `seconds` is negative. Resolves when replies show the
   * change.
   */
  setClock: (seconds: number) => Promise<void>
}

/** Formats an offset in seconds for the library. */
const offset = (seconds: number): string => `${seconds < 0 ? '' : '+'}${seconds}`

/** Returns the number of seconds by which a reply's `Date` is ahead of the real time. */
const ahead = ({ headers }: Reply): number => (Date.parse(headers.get('date') ?? '') - Date.now()) / 1_000

/**
 * Starts a gateway as a separate process, whose wall clock can be set. Its monotonic clock stays right.
 *
 * @param seconds the number of seconds by which the wall clock is ahead at the start
 */
async function start (t: Test, backend: Backend, limits: object, seconds = 0): Promise<Gateway> {
  const folder = t.testdir({
    'gateway.yaml': stringify({
      environments: { dev: { region: 'eu-west-1', credential: 'role' } },
      credentials: {
        platform: { kind: 'environment', accessKeyIdVariable: 'PLATFORM_KEY', secretAccessKeyVariable: 'PLATFORM_SECRET' },
        role: { kind: 'assume-role', roleArn: roleArns.dev, source: 'platform', externalId: 'of-the-gateway' }
      },
      authentication: { apiKeys: [{ id: 'bot', hash: hashToken(token) }] },
      authorization: { policies: 'policies' },
      limits,
      server: { overload: { loopDelayMilliseconds: 60_000 } },
      aws: { endpoint: backend.url }
    }),
    policies: { 'bot.cedar': '@id("bot") permit (principal == Caller::"bot", action, resource);\n' },
    clock: offset(seconds)
  })
  const clock = join(folder, 'clock')
  const child = spawn(process.execPath, [server], {
    env: {
      ...process.env,
      GATEWAY_CONFIG: join(folder, 'gateway.yaml'), GATEWAY_DATA_DIR: folder, HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'info',
      PLATFORM_KEY: 'AKIAPLATFORM', PLATFORM_SECRET: 'AKIAPLATFORM-secret',
      LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: '1', DONT_FAKE_MONOTONIC: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1'
    },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const url = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const [, found] = /listening on (http:\/\/[^\s"]+)/.exec(output) ?? []
      if (found !== undefined) resolve(found)
    })
    ended.then(() => { reject(new Error(`The gateway ended: ${output}`)) }, reject)
  })
  return {
    send: async (method, json) => send(url, method, path, { token, ...json !== undefined && { json } }),
    async setClock (seconds) {
      writeFileSync(clock, offset(seconds))
      // Node.js renews the `Date` header every second.
      await until(async () => Math.abs(ahead(await send(url, 'GET', '/health/live', { token: null })) - seconds) < 60, 100)
    }
  }
}

t.test(situations['clock set back'].what, { skip, timeout: 2 * hangTimeout }, async (t) => {
  const backend = await startBackend()
  t.teardown(backend.close)
  const window = 1_000
  const gateway = await start(t, backend, { requestsPerSecond: 3 / window, burst: 3 })
  t.equal((await gateway.send('PUT', { value: 'v' })).status, 201)
  await gateway.setClock(-3_600)
  const statuses = []
  let reply = await gateway.send('GET')
  for (; reply.status === 200 && statuses.length < 5; reply = await gateway.send('GET')) statuses.push(reply.status)
  t.same([statuses.length, reply.status], [2, 429])
  const wait = Number(reply.headers.get('retry-after'))
  t.ok(wait > 0 && wait <= window, `Retry-After: ${wait}`)
})

t.test(situations['clock set ahead'].what, { skip, timeout: 2 * hangTimeout }, async (t) => {
  for (const [when, atStart] of [['while the gateway runs', 0], ['before the gateway starts', 7_200]] as const) {
    const backend = await startBackend()
    t.teardown(backend.close)
    const gateway = await start(t, backend, { requestsPerSecond: 100_000 }, atStart)
    t.equal((await gateway.send('PUT', { value: 'v' })).status, 201)
    const assumed = (): number => backend.awsCalls.filter((operation) => operation === 'AssumeRole').length
    t.equal(assumed(), 1, when)
    await gateway.setClock(7_200)
    for (let reads = 0; reads < 20; reads++) t.match(await gateway.send('GET'), { status: 200, json: { value: 'v' } })
    t.ok(assumed() <= 2, `${assumed()} sessions`)
  }
})
