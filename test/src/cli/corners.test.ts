import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { ClientError, Configuration } from 'openid-client'
import t, { type Test } from 'tap'
import { hasBrowser, logInWithBrowser } from '#src/cli/login/browser'
import { issuerFailure, logInWithDevice } from '#src/cli/login/openid'
import { CommandFailure, terminalOf } from '#src/cli/terminal'
import { build, type Gateway } from '#test/helper'
import { secretsctl } from '#test/secretsctl'
import packageFile from '../../../package.json' with { type: 'json' }

// Failures that are rare, because they require a gateway, an issuer or a machine in an unusual state.

/** Starts a gateway that answers its first request, and closes the connection of each later one. */
async function failingAfterOne (t: Test): Promise<{ gateway: Gateway, url: string }> {
  const gateway = await build(t)
  let requests = 0
  const server = createServer((incoming, outgoing) => {
    if (requests++ > 0) {
      incoming.destroy()
      return
    }
    const { method, url = '', headers } = incoming
    const forwarded = request(`${gateway.url}${url}`, { method, headers }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 0, reply.headers)
      reply.pipe(outgoing)
    })
    incoming.pipe(forwarded)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  return { gateway, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

t.test('the version', async (t) => {
  for (const args of [['--version'], ['-V'], ['version']]) {
    t.match(await secretsctl({ url: '' }, args), { status: 0, stdout: `${packageFile.version}\n` }, args.join(' '))
  }
})

t.test('a gateway that fails while secretsctl looks for the reason of a failure', async (t) => {
  const { url } = await failingAfterOne(t)
  t.match(await secretsctl({ url }, ['list', '--env', 'dve']), { status: 1, stderr: /\(not-found, request / })
})

t.test('a gateway that fails while secretsctl compares values', async (t) => {
  const { gateway, url } = await failingAfterOne(t)
  await gateway.send('PUT', '/environments/dev/secrets/a', { json: { value: 'v' } })
  const outcome = await secretsctl({ url }, ['import', '-', '--format', 'env', '--env', 'dev', '--dry-run'], { stdin: 'a=b' })
  t.match(outcome, { status: 1, stderr: /does not answer/ })
})

t.test('a command that fails because of its own options', async (t) => {
  const gateway = await build(t)
  t.match(await secretsctl(gateway, ['list', '--env', 'dev', '--profile', 'none']), { status: 2, stderr: /There is no profile none/ })
})

t.test('a gateway that is named only in an answer, and does not answer itself', async (t) => {
  const env = { SECRETS_GATEWAY_URL: undefined, SECRETS_GATEWAY_TOKEN: undefined }
  const outcome = await secretsctl({ url: '' }, ['login'], { isTerminal: true, stdin: 'http://127.0.0.1:2\r', env, folder: t.testdir({}) })
  t.match(outcome, { status: 1, stderr: /URL of the gateway: [^]*http:\/\/127\.0\.0\.1:2 does not answer/ })
})

t.test('an issuer that answers unexpectedly, or not at all', async (t) => {
  t.equal(issuerFailure('https://idp.example', new CommandFailure('as it is')).message, 'as it is')
  const unexpected = Object.assign(new ClientError('the reply is no JSON'), { code: 'OAUTH_PARSE_ERROR' })
  t.match(issuerFailure('https://idp.example', unexpected).message, /^https:\/\/idp\.example answers unexpectedly: /)
  t.equal(issuerFailure('https://idp.example', new TypeError('fetch failed')).message, 'https://idp.example does not answer')
  const configuration = new Configuration({
    issuer: 'https://127.0.0.1:2',
    authorization_endpoint: 'https://127.0.0.1:2/authorization',
    token_endpoint: 'https://127.0.0.1:2/token',
    device_authorization_endpoint: 'https://127.0.0.1:2/device'
  }, 'client')
  const issuer = { name: 'people', issuer: 'https://127.0.0.1:2', clientId: 'client', scope: 'openid', tokenType: 'id_token' as const, parameters: {} }

  const stderr = new PassThrough()
  const inBrowser = logInWithBrowser(issuer, configuration, terminalOf({ ...process, stderr: Object.assign(stderr, { isTTY: false }), env: { BROWSER: 'true' } }))
  const [shown] = await once(stderr, 'data') as [Buffer]
  const page = new URL(/https:\S+/.exec(String(shown))?.[0] ?? '')
  const callback = new URL(page.searchParams.get('redirect_uri') ?? '')
  t.ok(Number(callback.port) >= 1_024, 'a port that everybody may use')
  callback.search = new URLSearchParams({ code: 'code', state: page.searchParams.get('state') ?? '' }).toString()
  const failure = t.rejects(inBrowser, { message: 'https://127.0.0.1:2 does not answer' })
  t.equal((await fetch(callback)).status, 200)
  await failure
  await t.rejects(logInWithDevice(issuer, configuration, terminalOf(process)), { message: 'https://127.0.0.1:2 does not answer' })
})

t.test('whether a browser can be opened', async (t) => {
  t.equal(hasBrowser({ BROWSER: 'firefox', SSH_CONNECTION: 'a' }), true)
  t.equal(hasBrowser({}, 'darwin'), true)
  t.equal(hasBrowser({}, 'linux'), false)
  t.equal(hasBrowser({ DISPLAY: ':0' }, 'linux'), true)
  t.equal(hasBrowser({ DISPLAY: ':0', SSH_CONNECTION: 'a' }, 'linux'), false)
})
