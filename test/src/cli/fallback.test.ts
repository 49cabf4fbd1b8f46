import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { withFallback } from '#src/cli/fallback'
import { terminalOf } from '#src/cli/terminal'
import type { Refusal } from '#src/cli/variables'
import { createClient, GatewayUnreachable, reply } from '#src/client/client'
import type { Line } from '#src/command-line/output'
import { catalogue } from '#src/problems/catalogue'
import { build, tokens } from '#test/helper'
import { secretsctlProgram, type Outcome, type ProgramOptions } from '#test/secretsctl'

const nowhere = { url: 'http://127.0.0.1:2' }
const show = ['--', 'sh', '-c', 'echo "V is $V"']

t.test('run --fallback', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', '/environments/dev/secrets/a', { json: { value: 'canary' } })
  const folder = t.testdir({})
  const file = join(folder, 'kept')
  const run = async (target: { url: string }, options: string[] = [], setting: ProgramOptions = {}): Promise<Outcome> =>
    secretsctlProgram(target, ['run', '--env', 'dev', '--map', 'V=a', '--fallback', file, ...options, ...show], { env: { XDG_CONFIG_HOME: folder }, ...setting })

  t.match(await run(gateway, [], { token: tokens.expired }), { status: 125 })
  t.match(await run(nowhere), { status: 125, stdout: '', stderr: /does not answer.*\nThe fallback .* can't be used: it does not exist yet/ })
  t.match(await run(gateway), { status: 0, stdout: 'V is canary\n', stderr: '' })
  t.notMatch(readFileSync(file, 'utf8'), 'canary', 'the file is encrypted')

  // A fallback is valid for one URL only, so the test has to stop the gateway instead of using another URL.
  await gateway.fastify.close()
  t.match(await run(gateway), { status: 0, stdout: 'V is canary\n', stderr: /^WARNING: http.* does not answer.*\nWARNING: using the secrets that .*kept kept at \d{4}-.*Z\. They may have been changed or withdrawn since\n$/ })
  t.match(await run(nowhere), { status: 125, stderr: /written for other secrets or by another user, or it is damaged/ }, 'another gateway')
  t.match(await run(gateway, ['--secret', 'b']), { status: 125, stderr: /written for other secrets/ }, 'another selection')

  const kept = JSON.parse(readFileSync(file, 'utf8')) as { savedAt: number }
  writeFileSync(file, JSON.stringify({ ...kept, savedAt: kept.savedAt + 1 }))
  t.match(await run(gateway), { status: 125, stderr: /or it is damaged/ }, 'its age can\'t be changed')
  writeFileSync(file, JSON.stringify(kept))
  chmodSync(join(folder, 'secretsctl', 'fallback.key'), 0o644)
  t.match(await run(gateway), { status: 125, stderr: /Other users can read or change .*fallback\.key/ })
})

/** Starts a server that answers every request with the same reply. */
async function answering (t: Test, status: number, headers: Record<string, string>, body: object | string): Promise<{ url: string }> {
  const server = createServer((_request, response) => { response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body)) }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

t.test('only an outage makes use of the fallback', async (t) => {
  const fallback = { file: join(t.testdir({}), 'kept'), env: 'dev', selection: { secret: ['a'], map: { PATH: 'b' } }, hours: 1 }
  const env = { XDG_CONFIG_HOME: t.testdir({}) }
  let warnings: string[] = []
  const terminal = { ...terminalOf({ ...process, env }), stderr: { ...terminalOf(process).stderr, lines: (lines: readonly Line[]) => { warnings = lines.map(String) } } }
  const kept = { variables: { A: 'canary', PATH: '/b' }, unaddressable: 0 }
  const attempt = async (url: string, read: () => Promise<typeof kept>, refusal: Refusal = () => undefined): Promise<object> =>
    withFallback(read, { ...fallback, gateway: url, refusal }, terminal)

  const problem = (code: keyof typeof catalogue): object => ({ type: 'urn:x', instance: 'urn:y', title: 'T', status: catalogue[code].status, detail: 'd', code, requestId: 'r' })
  const json = { 'content-type': 'application/problem+json', 'x-request-id': 'r' }
  type Case = [title: string, isOutage: boolean, status: number, headers: Record<string, string>, body: object | string]
  const replies: Case[] = [
    ...(['aws-unavailable', 'aws-timeout', 'aws-throttled', 'identity-provider-unavailable', 'overloaded'] as const)
      .map((code) => [code, true, catalogue[code].status, json, problem(code)] as Case),
    ...(['kms-failure', 'credential-invalid', 'credential-account-mismatch', 'audit-unavailable', 'aws-access-denied', 'unauthenticated'] as const)
      .map((code) => [code, false, catalogue[code].status, json, problem(code)] as Case),
    ['the 502 of a proxy', true, 502, {}, {}],
    ['the 503 of a proxy', true, 503, {}, {}],
    ['the 504 of a proxy that keeps headers', true, 504, { 'x-request-id': 'r' }, 'upstream connect error'],
    ['a problem that this version does not know', false, 502, json, { code: 'new' }],
    ['the 403 of a proxy', false, 403, {}, {}],
    ['a page of a portal', false, 200, {}, {}]
  ]
  for (const [title, isOutage, status, headers, body] of replies) {
    const { url } = await answering(t, status, headers, body)
    await attempt(url, async () => kept)
    warnings = []
    const read = async (): Promise<typeof kept> => {
      await reply(createClient({ url, token: 'x', retries: 0 }).GET('/environments'))
      return kept
    }
    if (isOutage) t.same(await attempt(url, read), kept, title)
    else await t.rejects(attempt(url, read), title)
    t.equal(warnings.length, isOutage ? 2 : 0)
    if (!isOutage) continue
    const refusal: Refusal = (variable) => `is refused: ${variable}`
    await t.rejects(attempt(url, read, refusal), /can't be used: its variable A is refused: A/, 'a name that the program\'s environment has got since; PATH is in --map')
  }
})

t.test('a fallback can be used until it is too old, and by a clock that is up to an hour slow', async (t) => {
  const [saved, hour] = [Date.parse('2026-06-30T12:00:00Z'), 3_600_000]
  mock.timers.enable({ apis: ['Date'], now: saved })
  t.teardown(() => { mock.timers.reset() })
  const fallback = { file: join(t.testdir({}), 'kept'), gateway: 'g', env: 'dev', selection: { secret: [], map: {} }, hours: 48, refusal: () => undefined }
  const terminal = { ...terminalOf({ ...process, env: { XDG_CONFIG_HOME: t.testdir({}) } }), stderr: { ...terminalOf(process).stderr, lines: () => undefined } }
  const kept = { variables: { A: 'canary' }, unaddressable: 0 }
  const outage = async (): Promise<typeof kept> => Promise.reject(new GatewayUnreachable('gone', { isTemporary: true }))
  t.equal(await withFallback(async () => ({ ...kept, unaddressable: 3 }), fallback, terminal).then(({ unaddressable }) => unaddressable), 3)
  for (const [age, isUsed] of [[0, true], [48 * hour, true], [48 * hour + 1, false], [-hour, true], [-hour - 1, false]] as const) {
    mock.timers.setTime(saved + age)
    const used = withFallback(outage, fallback, terminal)
    if (isUsed) t.same(await used, kept, `after ${age} milliseconds`)
    else await t.rejects(used, /can't be used: it is (?:48|-1) hours old; --fallback-max-age is 48$/, `after ${age} milliseconds`)
  }
})

t.test('a key or a fallback that can\'t be written', async (t) => {
  const folder = t.testdir({ open: { secretsctl: {} }, file: '', private: {} })
  chmodSync(join(folder, 'open', 'secretsctl'), 0o755)
  const fallback = { file: join(folder, 'none', 'kept'), gateway: '', env: 'dev', selection: { secret: [], map: {} }, hours: 1, refusal: () => undefined }
  const attempt = async (config: string): Promise<unknown> =>
    withFallback(async () => ({ variables: {}, unaddressable: 0 }), fallback, terminalOf({ ...process, env: { XDG_CONFIG_HOME: join(folder, config) } }))
  await t.rejects(attempt('open'), /Other users can read or change .*secretsctl, so it is not used/)
  await t.rejects(attempt('file'), /fallback\.key can't be created: not a directory/)
  await t.rejects(attempt('private'), /The fallback .*kept can't be written: no such file or directory/)
  fallback.file = join(folder, 'private')
  await t.rejects(attempt('private'), /The fallback .*private can't be written: illegal operation on a directory/)
  t.same(readdirSync(folder).sort(), ['file', 'open', 'private'], 'no temporary file is left')
})

t.test('the key file is either complete or missing', { skip: process.platform === 'win32' }, async (t) => {
  const folder = t.testdir({})
  const args = [join(import.meta.dirname, '..', '..', '..', 'bin', 'secretsctl.js'), 'run', '--env', 'dev', '--map', 'V=a', '--fallback', join(folder, 'kept'), ...show]
  const env = { PATH: process.env.PATH, XDG_CONFIG_HOME: folder, SECRETS_GATEWAY_URL: nowhere.url, SECRETS_GATEWAY_TOKEN: 'x', NODE_DISABLE_COMPILE_CACHE: '1' }
  // Files can be created, but nothing can be written to them, as on a full disk.
  const full = spawnSync('/bin/sh', ['-c', 'ulimit -f 0; exec "$@"', 'sh', process.execPath, ...args], { env, encoding: 'utf8' })
  t.match(full.stderr, /fallback\.key can't be created: file too large/)
  t.same(readdirSync(join(folder, 'secretsctl')), [])
  const { stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  t.match(stderr, /it does not exist yet/)
  t.equal(statSync(join(folder, 'secretsctl', 'fallback.key')).size, 32)
})

t.test('a caller who has lost access does not get the secrets from the fallback, and nobody gets them from an expired one', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', '/environments/dev/secrets/a', { json: { value: 'canary' } })
  const folder = t.testdir({})
  const file = join(folder, 'kept')
  const run = async (options: string[], setting: ProgramOptions = {}): Promise<Outcome> =>
    secretsctlProgram(gateway, ['run', '--env', 'dev', '--map', 'V=a', '--fallback', file, ...options, ...show], { env: { XDG_CONFIG_HOME: folder }, ...setting })
  t.match(await run([]), { status: 0 })
  t.match(await run([], { token: tokens.stranger }), { status: 125, stdout: '', stderr: /No environment dev/ })
  await gateway.fastify.close()
  const clock = `data:text/javascript,const { now } = Date; Date.now = () => now() + ${3 * 60 * 60_000}`
  t.match(await run(['--fallback-max-age', '2'], { env: { XDG_CONFIG_HOME: folder, NODE_OPTIONS: `--import "${clock}"` } }), { status: 125, stderr: /it is 3 hours old; --fallback-max-age is 2/ })
  t.match(await run(['--fallback-max-age', '4'], { env: { XDG_CONFIG_HOME: folder } }), { status: 0, stdout: 'V is canary\n' })
})
