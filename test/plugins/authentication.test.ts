import t from 'tap'
import { build, declared, tokens } from '#test/helper'
import { startIssuer } from '#test/issuer'

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
