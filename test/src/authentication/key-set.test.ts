import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jwtVerify, type JWTVerifyGetKey } from 'jose'
import t, { type Test } from 'tap'
import { keySet, type KeySource } from '#src/authentication/key-set'
import { startIssuer, type Issuer } from '#test/issuer'
import { until } from '#test/until'

const second = 1000
const minute = 60 * second

interface Clocked {
  issuer: Issuer
  key: JWTVerifyGetKey
  advance: (milliseconds: number) => void
  /** Verifies a token. Returns `ok`, or the code of the error. */
  verify: (token: string) => Promise<string>
  jwksRequests: () => number
}

async function start (t: Test, source: Partial<KeySource> = {}): Promise<Clocked> {
  const issuer = await startIssuer(t)
  let moved = 0
  const started = Date.now()
  const key = keySet({ issuer: issuer.url, ...source }, () => started + moved)
  return {
    issuer,
    key,
    advance: (milliseconds) => { moved += milliseconds },
    verify: async (token) => jwtVerify(token, key).then(() => 'ok', (error: unknown) => (error as { code: string }).code),
    jwksRequests: () => issuer.requests.filter((path) => path === '/jwks').length
  }
}

const unavailable = 'identity-provider-unavailable'
const unknown = 'ERR_JWKS_NO_MATCHING_KEY'

t.test('keys are found by discovery and fetched once for concurrent tokens', async (t) => {
  const { issuer, verify } = await start(t)
  const token = await issuer.token()
  t.same(await Promise.all(Array.from({ length: 50 }, async () => verify(token))), Array(50).fill('ok'))
  t.same(issuer.requests, ['/.well-known/openid-configuration', '/jwks'])
})

t.test('keys at a configured URL need no discovery', async (t) => {
  const issuer = await startIssuer(t)
  const key = keySet({ issuer: 'https://issuer.example', jwksUri: `${issuer.url}/jwks` }, Date.now)
  await t.resolves(jwtVerify(await issuer.token(), key))
  t.same(issuer.requests, ['/jwks'])
})

t.test('an issuer with a trailing slash', async (t) => {
  const { issuer } = await start(t)
  const url = `${issuer.url}/`
  issuer.reply = { status: 200, body: { issuer: url, jwks_uri: `${issuer.url}/jwks` } }
  const key = keySet({ issuer: url }, Date.now)
  await t.rejects(jwtVerify(await issuer.token(), key), { code: unavailable }, 'the reply does not contain keys')
  t.same(issuer.requests, ['/.well-known/openid-configuration', '/jwks'])
})

t.test('a thousand unknown key IDs cause one fetch, even during an outage', async (t) => {
  const { issuer, verify, advance, jwksRequests } = await start(t)
  t.equal(await verify(await issuer.token()), 'ok')
  advance(31 * second)
  const unknowns = await Promise.all(Array.from({ length: 1000 }, async (_, index) => issuer.token({}, { kid: `../${index}` })))
  t.same(new Set(await Promise.all(unknowns.map(verify))), new Set([unknown]))
  t.equal(jwksRequests(), 2)

  issuer.requests.length = 0
  issuer.reply = undefined
  advance(31 * second)
  t.same(new Set(await Promise.all(unknowns.map(verify))), new Set([unavailable]), 'the key may exist')
  t.equal(issuer.requests.length, 1)
  for (const token of unknowns.slice(0, 10)) t.equal(await verify(token), unavailable)
  t.equal(issuer.requests.length, 1, 'the cooldown also applies to failures')
  advance(30 * second - 1)
  t.equal(await verify(unknowns[0] ?? ''), unavailable)
  t.equal(issuer.requests.length, 1, 'until its last millisecond')
  advance(1)
  t.equal(await verify(unknowns[0] ?? ''), unavailable)
  t.equal(issuer.requests.length, 2, 'and then ends')
})

t.test('a new key is found after the cooldown', async (t) => {
  const { issuer, verify, advance } = await start(t)
  const old = await issuer.token()
  t.equal(await verify(old), 'ok')
  await issuer.rotate('second')
  const token = await issuer.token()
  t.equal(await verify(token), unknown)
  advance(31 * second)
  t.equal(await verify(token), 'ok')
  t.equal(await verify(old), unknown, 'the old key is dropped')
})

t.test('a revoked key is dropped after at most ten minutes', async (t) => {
  const { issuer, verify, advance } = await start(t)
  const token = await issuer.token()
  t.equal(await verify(token), 'ok')
  await issuer.rotate('second')
  advance(10 * minute - 1)
  t.equal(await verify(token), 'ok')
  advance(1)
  t.equal(await verify(token), unknown)
})

t.test('the last keys are used for an hour while the issuer is down', async (t) => {
  const { issuer, verify, advance } = await start(t)
  const token = await issuer.token()
  t.equal(await verify(token), 'ok')
  issuer.reply = undefined
  for (const minutes of [11, 20, 20]) {
    advance(minutes * minute)
    t.equal(await verify(token), 'ok')
  }
  advance(9 * minute - 1)
  t.equal(await verify(token), 'ok')
  advance(1)
  t.equal(await verify(token), unavailable)
  issuer.reply = { status: 200 }
  advance(31 * second)
  t.equal(await verify(token), 'ok', 'the keys are fetched again')
})

t.test('replies that are not a key set', async (t) => {
  for (const [what, reply] of Object.entries({
    'no JSON': { status: 200, body: '<html>' },
    'an error': { status: 500 },
    'no document': { status: 200, body: 'null' },
    'no keys': { status: 200, body: { issuer: '', keys: [] } },
    'too much': { status: 200, body: `{"keys":[${'1,'.repeat(200 * 1024)}1]}` },
    'a redirect': { status: 302, headers: { location: '/jwks' } }
  })) {
    const { issuer, verify, advance } = await start(t)
    const token = await issuer.token()
    issuer.reply = reply
    t.equal(await verify(token), unavailable, what)
    issuer.reply = { status: 200 }
    t.equal(await verify(token), unavailable, 'no new attempt during the cooldown')
    advance(31 * second)
    t.equal(await verify(token), 'ok')
  }
})

t.test('a discovery document of another issuer is refused', async (t) => {
  const { issuer, verify } = await start(t)
  issuer.claims.issuer = `${issuer.url}/`
  t.equal(await verify(await issuer.token()), unavailable)
  t.same(issuer.requests, ['/.well-known/openid-configuration'])
})

t.test('keys at a new URL are found', async (t) => {
  const { issuer, verify, advance } = await start(t)
  t.equal(await verify(await issuer.token()), 'ok')
  issuer.claims.jwksPath = '/keys'
  await issuer.rotate('second')
  const token = await issuer.token()
  advance(31 * second)
  t.equal(await verify(token), unavailable, 'the old URL no longer works')
  advance(31 * second)
  t.equal(await verify(token), 'ok')
})

t.test('an invalid key set does not replace the last valid one', async (t) => {
  const issuer = await startIssuer(t)
  let moved = 0
  const key = keySet({ issuer: issuer.url, jwksUri: `${issuer.url}/jwks` }, () => Date.now() + moved)
  const token = await issuer.token()
  await t.resolves(jwtVerify(token, key))
  for (const body of [{ keys: [] }, { keys: 'none' }, { keys: [1] }, {}]) {
    issuer.reply = { status: 200, body }
    moved += 11 * minute
    await t.resolves(jwtVerify(token, key), JSON.stringify(body))
  }
})

t.test('keys are not fetched from unsafe URLs', async (t) => {
  const { issuer, verify } = await start(t)
  const token = await issuer.token()
  for (const jwksUri of ['http://issuer.example/jwks', 'file:///etc/passwd', 'ftp://127.0.0.1/jwks', 'http://user@127.0.0.1/jwks', 'none']) {
    issuer.reply = { status: 200, body: { issuer: issuer.url, jwks_uri: jwksUri } }
    const key = keySet({ issuer: issuer.url }, Date.now)
    await t.rejects(jwtVerify(token, key), { code: unavailable }, jwksUri)
  }
  t.ok(issuer.requests.every((path) => path === '/.well-known/openid-configuration'))
  t.equal(await verify(token), unavailable)
})

t.test('a reply that never ends runs into the timeout', async (t) => {
  const timeouts: number[] = []
  const timeout = AbortSignal.timeout.bind(AbortSignal)
  // Shortens the real timeout.
  t.intercept(AbortSignal, 'timeout', {
    value: (milliseconds: number) => {
      timeouts.push(milliseconds)
      return timeout(milliseconds / 20)
    }
  })
  const server = createServer((_request, response) => { response.write('{"keys":[') })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close(); server.closeAllConnections() })
  const key = keySet({ issuer: 'https://issuer.example', jwksUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }, Date.now)
  const issuer = await startIssuer(t)
  await t.rejects(jwtVerify(await issuer.token(), key), { code: unavailable })
  t.same(timeouts, [5 * second])
})

t.test('while an issuer does not answer, only one request at a time waits for it', async (t) => {
  const replies: ServerResponse[] = []
  const server = createServer((_request, response) => { replies.push(response) })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close(); server.closeAllConnections() })
  let now = 0
  const key = keySet({ issuer: 'https://issuer.example', jwksUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }, () => now)
  const token = await (await startIssuer(t)).token()
  const verify = async (): Promise<void> => { await t.rejects(jwtVerify(token, key), { code: unavailable }) }
  const arrives = async (count: number): Promise<void> => until(() => replies.length === count)

  const first = [verify(), verify()]
  await arrives(1)
  replies[0]?.destroy()
  await Promise.all(first)
  now += 30 * second
  const probe = verify()
  await arrives(2)
  await verify()
  await verify()
  t.notOk(replies[1]?.writableEnded, 'the others were told at once, although the issuer has not answered')
  replies[1]?.destroy()
  await probe
  t.equal(replies.length, 2)
})
