import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { execFile } from 'node:child_process'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { hashToken } from '#src/authentication/api-keys'
import { startLocalBackend } from '#src/local-backend/server'
import { authority, serverPair } from '#test/certificates'
import { startCollector } from '#test/collector'
import { send } from '#test/helper'
import { sendRaw } from '#test/raw'
import { until } from '#test/until'

const root = join(import.meta.dirname, '..', '..')
const run = promisify(execFile)

interface Process {
  child: ChildProcess
  url: string
  /** Returns the standard output so far. */
  output: () => string
  /** Waits until the standard output matches. */
  writes: (pattern: RegExp) => Promise<RegExpExecArray>
  /** Sends a signal and returns the exit code. */
  end: (signal?: NodeJS.Signals) => Promise<number | null>
}

/** Returns the environment variables of this process without those of the gateway and AWS, plus the given ones. */
const environment = (variables: Record<string, string>): NodeJS.ProcessEnv =>
  ({ ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS_|GATEWAY_|OTEL_|HOST$|PORT$|LOG_LEVEL$)/.test(name))), PORT: '0', ...variables })

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
  const [, url = ''] = await writes(/listening on (https?:\/\/[^\s"]+)/)
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

/** Starts the gateway with a configuration that it must refuse. Returns its exit code and standard error. */
async function refuse (t: Test, variables: Record<string, string>, cwd = t.testdir({})): Promise<{ code: number, stderr: string }> {
  try {
    await run(process.execPath, [join(root, 'src', 'server.ts')], { cwd, env: environment(variables) })
    return { code: 0, stderr: '' }
  } catch (error) {
    return error as { code: number, stderr: string }
  }
}

t.test('traces are exported as the environment variables specify, with their headers, which appear nowhere else', async (t) => {
  t.testdir({})
  const collector = await startCollector(t)
  const { url, output, end } = await start(t, {
    GATEWAY_LOCAL: '1',
    GATEWAY_DEV_TOKEN: 'a-token-for-this-test',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20canary-4711',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OTEL_SERVICE_NAME: 'gateway-eu',
    LOG_FORMAT: 'logfmt'
  })
  t.equal((await send(url, 'GET', '/environments', { token: 'a-token-for-this-test' })).status, 200)
  t.equal(await end(), 0, 'the spans are exported at the shutdown')
  const { kind, resource } = collector.spans.find(({ name }) => name === 'GET /environments') ?? {}
  t.equal(kind, 'server')
  t.match(resource, { 'service.name': 'gateway-eu', 'deployment.environment.name': 'test' })
  t.match(collector.headers[0], { authorization: 'Bearer canary-4711', 'content-encoding': 'gzip', 'content-type': 'application/x-protobuf' })
  t.match(output(), /^level=info time=\S+ service=gateway-eu .*request\.route=\/environments .*msg=request$/m)
  t.notMatch(output() + Buffer.concat(collector.bodies).toString('latin1'), 'canary')
})

t.test('local mode prints the URLs and a curl command, and keeps its data', async (t) => {
  t.testdir({})
  const gateway = await start(t, {})
  const [, line = ''] = await gateway.writes(/\n {2}(curl .*)\n/)
  t.match(gateway.output(), `Console     ${gateway.url}\n`)
  t.match(gateway.output(), `Swagger UI  ${gateway.url}/docs\n`)

  const { stdout } = await run('sh', ['-c', `${line} --silent`], { cwd: '/' })
  t.match(JSON.parse(stdout), { items: [{ name: 'dev' }, { name: 'staging' }, { name: 'prod' }] }, 'the printed curl command works')

  const file = join(t.testdirName, '.gateway', 'developer-token')
  const token = await readFile(file, 'utf8')
  t.notMatch(gateway.output(), token, 'the token is not printed without a terminal')
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.equal((await send(gateway.url, 'PUT', '/environments/prod/secrets/a', { token, json: { value: 'kept' } })).status, 201)
  t.equal((await send(gateway.url, 'PATCH', '/environments/prod/secrets/a', { token, json: { kmsKeyId: 'alias/local' } })).status, 200)
  t.equal(await gateway.end(), 0)

  const again = await start(t, { GATEWAY_PRINT_TOKEN: '1' })
  await again.writes(new RegExp(`Token {7}${token}\n`))
  t.equal((await send(again.url, 'GET', '/environments/prod/secrets/a', { token })).json.value, 'kept', 'data and token survive a restart')
  t.equal(await again.end('SIGHUP'), 0)
})

t.test('local mode with a given token', async (t) => {
  t.testdir({})
  const gateway = await start(t, { GATEWAY_DEV_TOKEN: 'a-token-of-my-own', LOG_LEVEL: 'info', GATEWAY_LOCAL: '1', NODE_ENV: 'production' })
  await gateway.writes(/Authorization: Bearer \$GATEWAY_DEV_TOKEN"/)
  t.equal((await send(gateway.url, 'GET', '/environments', { token: 'a-token-of-my-own' })).status, 200)
  t.notMatch(gateway.output(), /a-token-of-my-own/)
  const rotateWith = async (name: string): Promise<number> => {
    const json = { lambdaArn: `arn:aws:lambda:eu-west-1:111122223333:function:${name}`, automaticallyAfterDays: 30, rotateImmediately: false }
    return (await send(gateway.url, 'PUT', '/environments/prod/secrets/db/rotation', { token: 'a-token-of-my-own', json })).status
  }
  await send(gateway.url, 'PUT', '/environments/prod/secrets/db', { token: 'a-token-of-my-own', json: { value: 'v' } })
  t.equal(await rotateWith('rotate-oracle'), 422, 'there is no such function')
  t.equal(await rotateWith('rotate-mysql'), 200, 'the rotation functions of the project can be tried')
  t.equal(await gateway.end(), 0)
  await t.rejects(stat(join(t.testdirName, '.gateway', 'developer-token')), 'the token is not stored')
})

t.test('local mode with a realistic backend stores nothing', async (t) => {
  t.testdir({})
  const token = 'a-token-of-my-own'
  const gateway = await start(t, { GATEWAY_DEV_TOKEN: token, GATEWAY_REALISTIC: 'seed' })
  t.equal((await send(gateway.url, 'PUT', '/environments/dev/secrets/a', { token, json: { value: 'lost' } })).status, 201)
  t.equal(await gateway.end(), 0)
  await t.rejects(stat(join(t.testdirName, '.gateway', 'local-backend')), { code: 'ENOENT' })
  t.match(await refuse(t, { GATEWAY_CONFIG: 'none.yaml', GATEWAY_REALISTIC: 'seed' }), {
    code: 78, stderr: /GATEWAY_REALISTIC: found a seed together with GATEWAY_CONFIG, expected/
  })
})

t.test('local mode is refused in a production environment', async (t) => {
  for (const [variables, sign] of [[{ NODE_ENV: 'production' }, 'NODE_ENV=production'], [{ AWS_PROFILE: 'prod' }, 'AWS_PROFILE']] as const) {
    t.match(await refuse(t, variables), { code: 78, stderr: `GATEWAY_CONFIG: found nothing, but ${sign}, expected a configuration file, or GATEWAY_LOCAL=1` })
  }
})

t.test('an invalid configuration ends the process with status 78', async (t) => {
  t.match(await refuse(t, { PORT: 'http' }), { code: 78, stderr: /not valid\.\nPORT: found a string of 4 characters, expected integer\n$/ })
  t.match(await refuse(t, { GATEWAY_CONFIG: 'none.yaml', GATEWAY_LOCAL: '1' }), { code: 78, stderr: /GATEWAY_LOCAL: found 1 together with GATEWAY_CONFIG/ })
  t.match(await refuse(t, { GATEWAY_CONFIG: 'none.yaml' }), { code: 78, stderr: /GATEWAY_CONFIG: found ENOENT on reading \/.*\/none\.yaml, expected a file that can be read/ })
})

t.test('control characters in what the process prints are made visible', async (t) => {
  const cwd = t.testdir({ 'a.yaml': 'environments: {}\n"\\e]0;owned\\a": 1\n' })
  const { code, stderr } = await refuse(t, { GATEWAY_CONFIG: 'a.yaml' }, cwd)
  t.equal(code, 78)
  t.match(stderr, '\\u001b]0;owned\\u0007')
  t.notMatch(stderr, /[\u0007\u001b]/)

  const named = await start(t, { GATEWAY_DATA_DIR: 'data\u001b]0;owned\u0007' })
  await named.writes(/curl .*\n/)
  t.match(named.output(), '\\u001b]0;owned\\u0007')
  t.notMatch(named.output(), /[\u0007\u001b]/)
})

t.test('invalid policies end the process, with the location and a message', async (t) => {
  const config = {
    environments: { dev: { region: 'eu-west-1', credential: 'base' } },
    credentials: { base: { kind: 'default-chain' } },
    authentication: {},
    authorization: { policies: 'policies' }
  }
  const text = '@id("one") permit (principal, action, resource);\n\n@id("two")\nforbid (principal, action, resource) when { principal.name == "x" };\n'
  const folder = t.testdir({ 'gateway.yaml': stringify(config), policies: { 'a.cedar': text } })
  const { code, stderr } = await refuse(t, { GATEWAY_CONFIG: join(folder, 'gateway.yaml') }, folder)
  t.equal(code, 78)
  t.match(stderr, /not valid\.\n.*policies\/a\.cedar:4: attribute `name` on entity type `Caller` not found/)
})

t.test('an issuer without an audience ends the process', async (t) => {
  const config = {
    environments: { dev: { region: 'eu-west-1', credential: 'base' } },
    credentials: { base: { kind: 'default-chain' } },
    authentication: { oidc: [{ name: 'corp', issuer: '', audience: '', algorithms: ['RS256'] }] },
    authorization: { policies: 'policies' }
  }
  const folder = t.testdir({ 'gateway.yaml': stringify(config), policies: { 'a.cedar': '@id("one") permit (principal, action, resource);' } })
  const { code, stderr } = await refuse(t, { GATEWAY_CONFIG: join(folder, 'gateway.yaml') }, folder)
  t.equal(code, 78)
  for (const key of ['audience', 'issuer']) t.match(stderr, `authentication.oidc.0.${key}: found a string of 0 characters, expected `)
})

t.test('SIGHUP reloads the TLS certificate', async (t) => {
  const [old, next] = [await authority('CN=Old'), await authority('CN=New')]
  const [pair, renewed] = [await serverPair(old), await serverPair(next)]
  const config = {
    environments: { dev: { region: 'eu-west-1', credential: 'base' } },
    credentials: { base: { kind: 'default-chain' } },
    server: { tls: { certificateFile: 'cert.pem', keyFile: 'key.pem' } },
    authentication: {},
    authorization: { policies: 'policies' }
  }
  const policies = { 'a.cedar': '@id("one") permit (principal, action, resource);' }
  const folder = t.testdir({ 'gateway.yaml': stringify(config), policies, 'cert.pem': pair.cert, 'key.pem': pair.key })
  const gateway = await start(t, { GATEWAY_CONFIG: join(folder, 'gateway.yaml') })
  t.match(gateway.url, /^https:/)
  const status = async (ca: string): Promise<number | undefined> => (await sendRaw(gateway.url, { path: '/environments' }, { ca }))?.status
  t.same([await status(old.cert), await status(next.cert)], [401, undefined])

  await writeFile(join(folder, 'cert.pem'), renewed.cert)
  gateway.child.kill('SIGHUP')
  await gateway.writes(/"mistakes":\["server\.tls: found something else[^\n]*NOT reloaded/)
  t.equal(await status(old.cert), 401, 'a certificate without its key is not used')
  await writeFile(join(folder, 'key.pem'), renewed.key)
  gateway.child.kill('SIGHUP')
  await gateway.writes(/the configuration was reloaded/)
  t.same([await status(old.cert), await status(next.cert)], [undefined, 401])
  t.equal(await gateway.end(), 0)
})

t.test('an uncaught error ends the process, and its message is not logged', async (t) => {
  const folder = t.testdir({ 'failing.js': 'process.once("SIGUSR2", () => { throw new RangeError("canary-4711") })' })
  const NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${join(folder, 'failing.js')}`
  const gateway = await start(t, { GATEWAY_DEV_TOKEN: 'a-token-of-my-own', NODE_OPTIONS })
  t.equal(await gateway.end('SIGUSR2'), 1)
  t.match(gateway.output(), /RangeError[^\n]*"msg":"crashed"/)
  t.notMatch(gateway.output(), 'canary')
})

t.test('an address in use ends the process with status 78', async (t) => {
  const first = await start(t, { GATEWAY_DATA_DIR: join(t.testdir({}), 'data') })
  const failed = await refuse(t, { PORT: new URL(first.url).port })
  t.equal(failed.code, 78)
  t.match(failed.stderr, /^HOST, PORT: found EADDRINUSE on 127\.0\.0\.1, \d+, expected a free address$/m)
})

t.test('a configuration file, and reloading it', async (t) => {
  const backend = await startLocalBackend({ accounts: [{ accountId: '111111111111', accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret' }] })
  t.teardown(backend.close)
  const token = 'token-of-the-file'
  const config = {
    environments: { dev: { region: 'eu-west-1', credential: 'ci' } },
    credentials: { ci: { kind: 'environment', accessKeyIdVariable: 'CI_KEY', secretAccessKeyVariable: 'CI_SECRET' } },
    authentication: { apiKeys: [{ id: 'bot', hash: hashToken(token) }] },
    authorization: { policies: 'policies' },
    aws: { endpoint: backend.url }
  }
  const policy = '@id("bot") permit (principal == Caller::"bot", action, resource);\n'
  const folder = t.testdir({ 'gateway.yaml': stringify(config), policies: { 'bot.cedar': policy } })
  const file = join(folder, 'gateway.yaml')
  const gateway = await start(t, { GATEWAY_CONFIG: file, CI_KEY: 'AKIATEST', CI_SECRET: 'test-secret', NODE_ENV: 'production' })
  const put = async (env: string): Promise<number> => (await send(gateway.url, 'PUT', `/environments/${env}/secrets/a`, { token, json: { value: 'v' } })).status

  t.equal(await put('dev'), 201)
  t.equal(await put('test'), 404)
  t.notMatch(gateway.output(), /curl/, 'the banner is only for local mode')

  await writeFile(file, stringify({ ...config, environments: { ...config.environments, test: config.environments.dev } }))
  gateway.child.kill('SIGHUP')
  await gateway.writes(/the configuration was reloaded/)
  t.equal(await put('test'), 201)

  await writeFile(file, stringify({ ...config, environments: {} }))
  gateway.child.kill('SIGHUP')
  await gateway.writes(/"mistakes":\["environments: found an object[^\n]*NOT reloaded/)
  t.equal(await put('test'), 200, 'the previous configuration is still used')

  await writeFile(file, stringify(config))
  await writeFile(join(folder, 'policies', 'more.cedar'), '// Nobody writes.\n@id("freeze") forbid (principal, action in Action::"writes", resource);\n')
  gateway.child.kill('SIGHUP')
  const [line] = await gateway.writes(/"mistakes":\["[^"]*more\.cedar:2: [^\n]*/)
  t.match(line, 'unrecognized action `Action::\\"writes\\"`')
  t.equal(await put('test'), 200, 'the policies and environments of the previous configuration are still used')

  await writeFile(join(folder, 'policies', 'more.cedar'), '@id("freeze") forbid (principal, action in Action::"write", resource);\n')
  gateway.child.kill('SIGHUP')
  await gateway.writes(/reloaded[^]*NOT reloaded[^]*NOT reloaded[^]*the configuration was reloaded/)
  t.equal(await put('dev'), 403)
  t.equal(await gateway.end(), 0)
})

t.test('with GATEWAY_RELOAD_SECONDS, a changed file is read again without a signal', async (t) => {
  const config = {
    environments: { dev: { region: 'eu-west-1', credential: 'base' } },
    credentials: { base: { kind: 'default-chain' } },
    authentication: { apiKeys: [{ id: 'bot', hash: hashToken('token-of-the-file') }] },
    authorization: { policies: 'policies' }
  }
  const policies = { 'a.cedar': '@id("one") permit (principal, action, resource);' }
  const folder = t.testdir({ 'gateway.yaml': stringify(config), policies })
  const gateway = await start(t, { GATEWAY_CONFIG: join(folder, 'gateway.yaml'), GATEWAY_RELOAD_SECONDS: '1' })
  const status = async (): Promise<number> => (await send(gateway.url, 'GET', '/environments/test', { token: 'token-of-the-file' })).status
  t.equal(await status(), 404)
  await writeFile(join(folder, 'gateway.yaml'), stringify({ ...config, environments: { ...config.environments, test: { ...config.environments.dev, namePrefix: 't/' } } }))
  await gateway.writes(/the configuration was reloaded/)
  t.equal(await status(), 200)
  t.equal(await gateway.end(), 0)
})

t.test('on SIGTERM, a bulk create starts no further secret and reports what it has done', async (t) => {
  t.testdir({})
  const total = 2_000
  const gateway = await start(t, { GATEWAY_DEV_TOKEN: 'a-token-of-my-own' })
  // The gateway keeps to AWS's quotas, so this takes most of a minute: longer than any start on a busy machine.
  const secrets = Array.from({ length: total }, (_, index) => ({ name: `n${index}`, value: 'v' }))
  const request = { token: 'a-token-of-my-own', json: { secrets } }
  const reply = send(gateway.url, 'POST', '/environments/dev/secrets', request)
  const job = await send(gateway.url, 'POST', '/environments/staging/secrets', { ...request, headers: { prefer: 'respond-async' } })
  const events = send(gateway.url, 'GET', `${job.headers.get('location') ?? ''}/events`, { token: 'a-token-of-my-own' })
  for (const env of ['dev', 'staging']) {
    await until(async () => (await send(gateway.url, 'GET', `/environments/${env}/secrets`, { token: request.token })).json.items.length > 0)
  }
  t.equal(await gateway.end(), 0)

  const { json } = await reply
  t.equal(json.stopped, 'shutdown')
  t.ok(json.counts.created > 0 && json.counts.notStarted > 0)
  const { created, notStarted } = json.counts as { created: number, notStarted: number }
  t.equal(created + notStarted, total)
  t.equal(json.items.filter(({ result }: { result: string }) => result === 'created').length, json.counts.created)
  const [, end = '{}'] = /event: end\ndata: (.*)\n\n$/.exec((await events).text) ?? []
  const { stopped, counts } = JSON.parse(end) as { stopped: string, counts: { created: number, notStarted: number } }
  t.equal(stopped, 'shutdown', 'the job\'s event stream reports the shutdown')
  t.equal(counts.created + counts.notStarted, total)

  const again = await start(t, { GATEWAY_DEV_TOKEN: 'a-token-of-my-own' })
  const listed = await send(again.url, 'POST', '/environments/dev/secrets', { ...request, json: { secrets, onConflict: 'skip', dryRun: true } })
  t.match(listed.json.counts, { skipped: json.counts.created, created: json.counts.notStarted }, 'the report was correct')
  t.equal(await again.end(), 0)
})
