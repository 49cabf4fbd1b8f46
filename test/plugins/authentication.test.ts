import t from 'tap'
import { build, declared, tokens } from '#test/helper'
import { startIssuer } from '#test/issuer'
import { connect } from '#test/raw'
import { until } from '#test/until'

const path = '/environments/dev/secrets/a'

t.test('a request without a valid token is refused before its body is read', async (t) => {
  const gateway = await build(t)
  const long = 'x'.repeat(8_193)
  const refused = {
    'no header': null,
    'an unknown token': 'Bearer unknown-token-for-tests',
    'an expired token': `Bearer ${tokens.expired}`,
    'another scheme': `Basic ${tokens.administrator}`,
    'no token': 'Bearer ',
    'two tokens': `Bearer ${tokens.administrator} ${tokens.administrator}`,
    'a token and more': `Bearer ${tokens.administrator}x`,
    'half a token': `Bearer ${tokens.administrator.slice(0, -1)}`,
    'a token that is too long': `Bearer ${long}`
  }
  for (const [what, authorization] of Object.entries(refused)) {
    const reply = await gateway.send('PUT', path, {
      token: null,
      headers: { ...(authorization !== null && { authorization }), 'content-type': 'application/json' },
      body: '{ not JSON'
    })
    t.match(reply, { status: 401, json: { code: 'unauthenticated' } }, what)
    t.equal(reply.headers.get('www-authenticate'), 'Bearer realm="secrets-gateway"')
    t.notMatch(reply.text, /token-for-tests/, 'the token is not echoed')
  }
  t.same(gateway.awsCalls, [])
  t.notMatch(gateway.log.join(''), /token-for-tests/, 'the token is not logged')
})

t.test('the scheme is case-insensitive, as RFC 9110 requires', async (t) => {
  const gateway = await build(t)
  const reply = await gateway.send('GET', '/environments', { token: null, headers: { authorization: `bearer ${tokens.administrator}` } })
  t.equal(reply.status, 200)
})

t.test('a configuration reload revokes a key immediately', async (t) => {
  const gateway = await build(t)
  const { current } = gateway.fastify.config
  gateway.fastify.config.replace({ ...current, authentication: { ...current.authentication, apiKeys: [] } })
  t.equal((await gateway.send('GET', '/environments')).status, 401)
})

t.test('the keys of an issuer come from its jwksUri, if the configuration has one', async (t) => {
  const issuer = await startIssuer(t)
  issuer.claims = { issuer: 'https://another.example', jwksPath: '/keys-elsewhere' }
  const statusWith = async (jwksUri: object): Promise<number> => {
    const oidc = [{ name: 'corp', issuer: issuer.url, audience: 'secrets-gateway', algorithms: ['ES256' as const], ...jwksUri }]
    const gateway = await build(t, { authentication: { ...declared.authentication, oidc } })
    return (await gateway.send('GET', '/environments', { token: await issuer.token() })).status
  }
  t.equal(await statusWith({ jwksUri: `${issuer.url}/keys-elsewhere` }), 200)
  t.same(issuer.requests, ['/keys-elsewhere'], 'the discovery document is not fetched')
  t.equal(await statusWith({}), 503, 'the discovery document names another issuer')
  t.same(issuer.requests.slice(1), ['/.well-known/openid-configuration'])
})

t.test('a token does not wait for all earlier tokens from another address', async (t) => {
  const issuer = await startIssuer(t)
  const oidc = [{ name: 'corp', issuer: issuer.url, audience: 'secrets-gateway', algorithms: ['ES256' as const] }]
  const gateway = await build(t, {
    authentication: { ...declared.authentication, oidc },
    server: { trustedProxies: ['127.0.0.1'] }
  })
  const request = (address: string, token: string): string => [
    'GET /environments HTTP/1.1', 'host: gateway.test', `x-forwarded-for: ${address}`, `authorization: Bearer ${token}`, '', ''
  ].join('\r\n')
  const valid = await issuer.token()
  t.equal((await gateway.send('GET', '/environments', { token: valid })).status, 200, 'fetches the keys of the issuer')

  const [head = '', payload = ''] = (await issuer.token({ sub: 'stranger' })).split('.')
  const flood = 300
  const forged = Array.from({ length: flood }, (_, index) => {
    const signature = Buffer.alloc(64, index).fill(1, 0, 8)
    return request('203.0.113.7', `${head}.${payload}.${signature.toString('base64url')}`)
  })
  const socket = await connect(gateway.url)
  t.teardown(() => { socket.destroy() })
  socket.resume()
  gateway.log.length = 0
  // All requests are sent at once, so the gateway parses them in the same iteration of the event loop.
  socket.write(forged.join('') + request('203.0.113.8', await issuer.token({ sub: 'other' })))
  const peers = (): string[] => gateway.trail().filter(({ event }) => event !== 'intent').flatMap(({ peer = '' }) => peer)
  await until(() => peers().includes('203.0.113.8'))
  const before = peers().indexOf('203.0.113.8')
  t.ok(before < flood / 2, `${before} of ${flood} come before`)
})
