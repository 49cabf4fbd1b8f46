import { spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { verifyingKey } from '#src/audit/key'
import { hashToken } from '#src/authentication/api-keys'
import { startLocalBackend } from '#src/local-backend/server'
import { readTrail, verifyWithOptions } from '#test/audit-trail'
import { send, type Reply, type RequestOptions } from '#test/helper'
import { uncountedNode } from '#test/uncounted'
import { until } from '#test/until'

const root = join(import.meta.dirname, '..', '..', '..')
const token = 'token-of-the-process'
const path = '/environments/dev/secrets/a'
const rounds = 3

interface Process {
  child: ChildProcess
  url: string
  log: () => string
  send: (method: string, path: string, options?: RequestOptions) => Promise<Reply>
}

/** Creates a folder with a configuration that uses an embedded backend. */
async function configured (t: Test, audit: object): Promise<string> {
  const accounts = [{ accountId: '111111111111', accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret' }]
  const backend = await startLocalBackend({ accounts })
  t.teardown(backend.close)
  const config = {
    environments: { dev: { region: 'eu-west-1', credential: 'ci' } },
    credentials: { ci: { kind: 'environment', accessKeyIdVariable: 'CI_KEY', secretAccessKeyVariable: 'CI_SECRET' } },
    authentication: { apiKeys: [{ id: 'bot', hash: hashToken(token) }] },
    authorization: { policies: 'policies' },
    audit,
    limits: { requestsPerSecond: 10_000 },
    aws: { endpoint: backend.url }
  }
  const policy = '@id("bot") permit (principal == Caller::"bot", action, resource);\n'
  return t.testdir({ 'gateway.yaml': stringify(config), policies: { 'bot.cedar': policy } })
}

/**
 * Starts the gateway in the folder, as a separate process.
 *
 * @param options.onStandardError true if the log is expected on standard error, because the trail is on standard output
 * @param options.limit shell commands that run before the gateway starts
 * @param options.node arguments of env(1) that start Node.js
 */
async function start (t: Test, folder: string, { onStandardError = false, limit = '', node = [process.execPath] } = {}): Promise<Process> {
  const child = spawn('sh', ['-c', `${limit} exec env "$@"`, 'sh', ...node, join(root, 'src', 'server.ts')], {
    cwd: folder,
    env: { ...process.env, PORT: '0', GATEWAY_CONFIG: 'gateway.yaml', GATEWAY_DATA_DIR: 'data', CI_KEY: 'AKIATEST', CI_SECRET: 'test-secret' },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  let log = ''
  const lines = onStandardError ? child.stderr : child.stdout
  lines.setEncoding('utf8').on('data', (chunk: string) => { log += chunk })
  await until(() => {
    if (child.exitCode !== null) throw new Error(`ended: ${log}`)
    return log.includes('listening on')
  })
  const url = /listening on (http:\/\/[^\s"]+)/.exec(log)?.[1] ?? ''
  return { child, url, log: () => log, send: async (method, path, options = {}) => send(url, method, path, { token, ...options }) }
}

async function end ({ child }: Process, signal: NodeJS.Signals = 'SIGTERM'): Promise<unknown[]> {
  const exited = once(child, 'exit')
  child.kill(signal)
  return exited
}

async function verify (folder: string, ...files: string[]): Promise<object> {
  const key = verifyingKey(readFileSync(join(folder, 'data', 'audit-key.pem'), 'utf8'))
  const head = readFileSync(join(folder, 'data', 'audit.jsonl.head'), 'utf8')
  return verifyWithOptions(files.map((file) => readFileSync(join(folder, 'data', file))), { keys: [key], head })
}

t.test('every answered request is recorded, even if the process is killed', async (t) => {
  const folder = await configured(t, {})
  const answered = new Map<string, string>()
  for (let round = 0; round < rounds; round++) {
    const gateway = await start(t, folder, { node: uncountedNode })
    const work = async (worker: number): Promise<void> => {
      for (let count = 0; ; count++) {
        const id = `${round}-${worker}-${count}`
        const { status, json } = await gateway.send('PUT', `${path}-${worker}`, { json: { value: id }, headers: { 'x-request-id': id } })
        if (status < 300) answered.set(id, json.versionId)
      }
    }
    const workers = [0, 1, 2, 3].map(async (worker) => work(worker).catch(() => undefined))
    const enough = answered.size + 10
    await until(() => answered.size >= enough, 1)
    await setTimeout(randomInt(50))
    await end(gateway, 'SIGKILL')
    await Promise.all(workers)
  }
  const last = await start(t, folder)
  await t.test('a second process does not start on the same trail', async (t) => {
    const second = spawn(process.execPath, [join(root, 'src', 'server.ts')], { cwd: folder, env: { ...process.env, PORT: '0', GATEWAY_CONFIG: 'gateway.yaml', GATEWAY_DATA_DIR: 'data' }, stdio: ['ignore', 'ignore', 'pipe'] })
    const [[code], stderr] = await Promise.all([once(second, 'exit'), buffer(second.stderr)])
    t.equal(code, 78)
    t.match(stderr.toString(), /^audit\.file: found data\/audit\.jsonl, which another process writes, expected a file of its own for each process$/m)
    t.equal((await last.send('GET', '/environments')).status, 200)
  })
  t.same(await end(last), [0, null])
  t.match(await verify(folder, 'audit.jsonl'), { findings: [], isClosed: true })
  const records = readTrail(join(folder, 'data', 'audit.jsonl'))
  t.match(records.filter(({ event }) => event === 'start').map(({ found }) => found), ['nothing', ...Array.from({ length: rounds }, () => 'intact')])
  const recorded = new Map(records.filter(({ event }) => event === 'outcome').map(({ requestId, versionId }) => [requestId, versionId]))
  t.ok(answered.size >= 10 * rounds, `${answered.size} were answered`)
  for (const [id, versionId] of answered) if (recorded.get(id) !== versionId) t.fail(`${id} is not recorded`)
  const data = join(folder, 'data')
  for (const file of ['audit.jsonl', 'audit.jsonl.head', 'audit.jsonl.lock', 'audit-key.pem']) t.equal(statSync(join(data, file)).mode & 0o777, 0o600, file)
})

t.test('a key that the configuration names is not created', async (t) => {
  const folder = await configured(t, { keyFile: 'none.pem' })
  const gateway = spawn(process.execPath, [join(root, 'src', 'server.ts')], { cwd: folder, env: { ...process.env, PORT: '0', GATEWAY_CONFIG: 'gateway.yaml', GATEWAY_DATA_DIR: 'data', CI_KEY: 'AKIATEST', CI_SECRET: 'test-secret' }, stdio: ['ignore', 'ignore', 'pipe'] })
  const [[code], stderr] = await Promise.all([once(gateway, 'exit'), buffer(gateway.stderr)])
  t.equal(code, 78)
  t.match(stderr.toString(), /^audit\.keyFile: found ENOENT on reading .*none\.pem, expected a private key/m)
  t.notOk(existsSync(join(folder, 'none.pem')))
})

t.test('SIGHUP makes the trail continue in a new file', async (t) => {
  const folder = await configured(t, {})
  const gateway = await start(t, folder)
  await gateway.send('PUT', path, { json: { value: 'v' } })
  renameSync(join(folder, 'data', 'audit.jsonl'), join(folder, 'data', 'audit.jsonl.1'))
  gateway.child.kill('SIGHUP')
  await until(() => gateway.log().includes('"found":"moved"'))
  await end(gateway)
  t.match(readTrail(join(folder, 'data', 'audit.jsonl')), [{ event: 'resume' }, { event: 'close' }])
  t.match(await verify(folder, 'audit.jsonl.1', 'audit.jsonl'), { findings: [], records: 5 })
})

t.test('a file that can\'t grow, and a new file in its place', async (t) => {
  const folder = await configured(t, {})
  // The limit would apply to the files of the coverage, too.
  const gateway = await start(t, folder, { limit: 'ulimit -f 30 &&', node: ['-u', 'NODE_OPTIONS', process.execPath] })
  t.equal((await gateway.send('PUT', path, { json: { value: 'canary-value-4711' } })).status, 201)
  const replies: Reply[] = []
  await until(async () => replies.push(await gateway.send('GET', path)) > 0 && replies.at(-1)?.status === 503, 0)
  t.ok(replies.length > 5)
  t.notMatch(replies.at(-1)?.text, 'canary')
  t.match(replies.at(-1), { json: { code: 'audit-unavailable' } })
  await until(() => gateway.log().includes('"reason":"EFBIG"'))
  t.equal((await gateway.send('GET', '/health/live', { token: null })).status, 200)

  renameSync(join(folder, 'data', 'audit.jsonl'), join(folder, 'data', 'audit.jsonl.1'))
  await until(async () => (await gateway.send('GET', '/health/ready', { token: null })).status === 200, 20)
  t.match(await gateway.send('GET', path), { status: 200, json: { value: 'canary-value-4711' } })
  await end(gateway)
  t.match(await verify(folder, 'audit.jsonl.1', 'audit.jsonl'), { findings: [], notes: [{ message: /^requests that were refused/ }] })
})

t.test('a trail on standard output', async (t) => {
  const folder = await configured(t, { file: '-', timeoutSeconds: 0.3 })
  const gateway = await start(t, folder, { onStandardError: true })
  const { stdout } = gateway.child
  if (stdout === null) throw new Error('it has one')
  t.equal((await gateway.send('PUT', path, { json: { value: 'canary-value-4711' } })).status, 201)

  // Nobody reads from the pipe, so it fills up and a write hangs.
  const replies: Reply[] = []
  await until(async () => {
    replies.push(...await Promise.all(Array.from({ length: 50 }, async () => gateway.send('GET', path))))
    return replies.at(-1)?.status === 503
  }, 0)
  for (const { status, text } of replies) t.equal(text.includes('canary'), status === 200)
  await until(() => gateway.log().includes('"reason":"hangs"'))
  const before = performance.now()
  t.match(await gateway.send('GET', path), { status: 503, json: { code: 'audit-unavailable' } })
  t.equal((await gateway.send('GET', '/health/live', { token: null })).status, 200)
  t.equal((await gateway.send('GET', '/health/ready', { token: null })).status, 503)
  t.comment(`answered in ${performance.now() - before} ms`)

  const bytes: Buffer[] = []
  stdout.on('data', (chunk: Buffer) => { bytes.push(chunk) })
  await until(async () => (await gateway.send('GET', '/health/ready', { token: null })).status === 200, 20)
  t.match(await gateway.send('GET', path), { status: 200 })
  t.same(await end(gateway), [0, null])
  const key = verifyingKey(readFileSync(join(folder, 'data', 'audit-key.pem'), 'utf8'))
  const { findings, notes, isClosed } = await verifyWithOptions([Buffer.concat(bytes)], { keys: [key], isPart: true })
  t.match([findings, isClosed], [[], true], 'standard output contains nothing else')
  t.match(notes, [{ message: /^requests that were refused/ }, { message: /^records that were written too late/ }])
})

t.test('the process ends even if a write to the trail hangs', async (t) => {
  const folder = await configured(t, { file: '-', timeoutSeconds: 0.3 })
  const gateway = await start(t, folder, { onStandardError: true, node: uncountedNode })
  await until(async () =>
    (await Promise.all(Array.from({ length: 50 }, async () => gateway.send('GET', path)))).some(({ status }) => status === 503), 0)
  t.same(await end(gateway), [null, 'SIGKILL'])
})
