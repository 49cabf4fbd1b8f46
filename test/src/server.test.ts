import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { execFile } from 'node:child_process'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { hashToken } from '../../src/authentication/api-keys.ts'
import { startLocalBackend } from '../../src/local-backend/server.ts'
import { send } from '../helper.ts'

const root = join(import.meta.dirname, '..', '..')
const run = promisify(execFile)

interface Process {
  child: ChildProcess
  url: string
  /** What it wrote to standard output so far. */
  output: () => string
  /** Resolves once it has written something that matches. */
  writes: (pattern: RegExp) => Promise<RegExpExecArray>
  /** Ends it with a signal and gives its exit code. */
  end: (signal?: NodeJS.Signals) => Promise<number | null>
}

/** The variables of this machine that no test depends on. */
const environment = (variables: Record<string, string>): NodeJS.ProcessEnv =>
  ({ ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS_|GATEWAY_|HOST$|PORT$|LOG_LEVEL$)/.test(name))), PORT: '0', ...variables })

/** Starts the gateway as `npm start` does. */
async function start (t: Test, variables: Record<string, string>): Promise<Process> {
  const child = spawn(process.execPath, [join(root, 'src', 'server.ts')], { cwd: t.testdirName, env: environment(variables), stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  const waiting = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
    for (const look of waiting) look()
  })
  const exited = once(child, 'exit')
  t.teardown(async () => { if (child.exitCode === null && child.signalCode === null) { child.kill('SIGKILL'); await exited } })
  const writes = async (pattern: RegExp): Promise<RegExpExecArray> => new Promise((resolve, reject) => {
    const look = (): void => {
      const match = pattern.exec(output)
      if (match === null) return
      waiting.delete(look)
      resolve(match)
    }
    waiting.add(look)
    exited.then(() => { reject(new Error(`ended without writing ${pattern.source}: ${output}`)) }, reject)
    look()
  })
  const [, url = ''] = await writes(/listening on (http:\/\/[^\s"]+)/)
  return {
    child,
    url,
    output: () => output,
    writes,
    end: async (signal = 'SIGTERM') => {
      child.kill(signal)
      const [code] = await exited as [number | null]
      return code
    }
  }
}

/** Starts it where it must refuse to. */
async function refuse (t: Test, variables: Record<string, string>): Promise<{ code: number, stderr: string }> {
  try {
    await run(process.execPath, [join(root, 'src', 'server.ts')], { cwd: t.testdir({}), env: environment(variables) })
    return { code: 0, stderr: '' }
  } catch (error) {
    return error as { code: number, stderr: string }
  }
}

t.test('local mode tells a newcomer all there is to know', async (t) => {
  t.testdir({})
  const gateway = await start(t, {})
  const [, line = ''] = await gateway.writes(/\n {2}(curl .*)\n/)
  t.match(gateway.output(), `API         ${gateway.url}\n`)
  t.match(gateway.output(), `Swagger UI  ${gateway.url}/docs\n`)

  const { stdout } = await run('sh', ['-c', `${line} --silent`], { cwd: '/' })
  t.match(JSON.parse(stdout), { items: [{ name: 'dev' }, { name: 'staging' }, { name: 'prod' }] }, 'the curl line works when it is pasted')

  const file = join(t.testdirName, '.gateway', 'developer-token')
  const token = await readFile(file, 'utf8')
  t.notMatch(gateway.output(), token, 'the token itself is not written where there is no terminal')
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.equal((await send(gateway.url, 'PUT', '/environments/prod/secrets/a', { token, json: { value: 'kept' } })).status, 201)
  t.equal((await send(gateway.url, 'PATCH', '/environments/prod/secrets/a', { token, json: { kmsKeyId: 'alias/local' } })).status, 200)
  t.equal(await gateway.end(), 0)

  const again = await start(t, { GATEWAY_PRINT_TOKEN: '1' })
  await again.writes(new RegExp(`Token {7}${token}\n`))
  t.equal((await send(again.url, 'GET', '/environments/prod/secrets/a', { token })).json.value, 'kept', 'data and token outlive the process')
  t.equal(await again.end('SIGHUP'), 0)
})

t.test('local mode with a token of one\'s own', async (t) => {
  t.testdir({})
  const gateway = await start(t, { GATEWAY_DEV_TOKEN: 'a-token-of-my-own', LOG_LEVEL: 'info', GATEWAY_LOCAL: '1', NODE_ENV: 'production' })
  await gateway.writes(/Authorization: Bearer \$GATEWAY_DEV_TOKEN"/)
  t.equal((await send(gateway.url, 'GET', '/environments', { token: 'a-token-of-my-own' })).status, 200)
  t.notMatch(gateway.output(), /a-token-of-my-own/)
  t.equal(await gateway.end(), 0)
  await t.rejects(stat(join(t.testdirName, '.gateway', 'developer-token')), 'it is not kept')
})

t.test('local mode is refused where it cannot be meant', async (t) => {
  for (const [variables, sign] of [[{ NODE_ENV: 'production' }, 'NODE_ENV=production'], [{ AWS_PROFILE: 'prod' }, 'AWS_PROFILE']] as const) {
    t.match(await refuse(t, variables), { code: 78, stderr: `GATEWAY_CONFIG: found nothing, but ${sign}, expected a configuration file, or GATEWAY_LOCAL=1` })
  }
})

t.test('a configuration that is not valid ends with status 78', async (t) => {
  t.match(await refuse(t, { PORT: 'http' }), { code: 78, stderr: /not valid\.\nPORT: found a text of 4 characters, expected integer\n$/ })
  t.match(await refuse(t, { GATEWAY_CONFIG: 'none.yaml', GATEWAY_LOCAL: '1' }), { code: 78, stderr: /GATEWAY_LOCAL: found 1 beside GATEWAY_CONFIG/ })
  t.match(await refuse(t, { GATEWAY_CONFIG: 'none.yaml' }), { code: 78, stderr: /GATEWAY_CONFIG: found ENOENT on reading none\.yaml/ })
})

t.test('an address that is taken is told in the same way', async (t) => {
  const first = await start(t, { GATEWAY_DATA_DIR: join(t.testdir({}), 'data') })
  const failed = await refuse(t, { PORT: new URL(first.url).port })
  t.equal(failed.code, 78)
  t.match(failed.stderr, /^HOST, PORT: found EADDRINUSE on 127\.0\.0\.1, \d+, expected an address that is free$/m)
})

t.test('with a file, against what it names', async (t) => {
  const backend = await startLocalBackend({ accounts: [{ accountId: '111111111111', accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret' }] })
  t.teardown(backend.close)
  const token = 'token-of-the-file'
  const config = {
    environments: { dev: { region: 'eu-west-1', credential: 'ci' } },
    credentials: { ci: { kind: 'environment', accessKeyIdVariable: 'CI_KEY', secretAccessKeyVariable: 'CI_SECRET' } },
    authentication: { apiKeys: [{ id: 'bot', hash: hashToken(token) }] },
    authorization: { grants: [{ callers: ['bot'], actions: ['*'], environments: ['*'] }] },
    aws: { endpoint: backend.url }
  }
  const file = join(t.testdir({ 'gateway.yaml': stringify(config) }), 'gateway.yaml')
  const gateway = await start(t, { GATEWAY_CONFIG: file, CI_KEY: 'AKIATEST', CI_SECRET: 'test-secret', NODE_ENV: 'production' })
  const put = async (env: string): Promise<number> => (await send(gateway.url, 'PUT', `/environments/${env}/secrets/a`, { token, json: { value: 'v' } })).status

  t.equal(await put('dev'), 201)
  t.equal(await put('test'), 404)
  t.notMatch(gateway.output(), /curl/, 'no banner')

  await writeFile(file, stringify({ ...config, environments: { ...config.environments, test: config.environments.dev } }))
  gateway.child.kill('SIGHUP')
  await gateway.writes(/the configuration was read again/)
  t.equal(await put('test'), 201)

  await writeFile(file, stringify({ ...config, environments: {} }))
  gateway.child.kill('SIGHUP')
  await gateway.writes(/"mistakes":\["environments: found an object[^\n]*NOT read again/)
  t.equal(await put('test'), 200, 'the one before stays in force')
  t.equal(await gateway.end(), 0)
})

t.test('a request under way ends before the process does', async (t) => {
  t.testdir({})
  const gateway = await start(t, { GATEWAY_DEV_TOKEN: 'a-token-of-my-own' })
  const secrets = Array.from({ length: 300 }, (_, index) => ({ name: `n${index}`, value: 'v' }))
  const reply = send(gateway.url, 'POST', '/environments/dev/secrets', { token: 'a-token-of-my-own', json: { secrets } })
  await new Promise((resolve) => { setTimeout(resolve, 100) })
  t.equal(await gateway.end(), 0)
  t.match((await reply).json, { counts: { created: 300 } })
})
