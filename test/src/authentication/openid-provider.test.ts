import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type JWKS } from 'oidc-provider'
import t, { type Test } from 'tap'
import { build, declared, type Gateway } from '#test/helper'

const audience = 'urn:example:secrets-gateway'
const halfAMinute = 31 / (24 * 60 * 60)
const hour = 1 / 24

/** A real OpenID provider. Its keys can be rotated without a change of its URL. */
interface Idp {
  issuer: string
  /** The paths of the requests so far. */
  requests: string[]
  /** Replaces the provider with one that has only a new key. */
  rotate: (kid: string) => Promise<void>
  stop: () => Promise<void>
  start: () => Promise<void>
  /** Uses the client credentials grant to request an access token for the gateway. */
  token: (clientId?: string, resource?: string) => Promise<string>
}

async function startIdp (t: Test): Promise<Idp> {
  const requests: string[] = []
  let handle: ReturnType<Provider['callback']> | undefined
  let server: Server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const issuer = `http://127.0.0.1:${port}`

  const stop = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  const start = async (): Promise<void> => {
    await stop()
    server = createServer((request, response) => {
      requests.push(request.url ?? '')
      void handle?.(request, response)
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const rotate = async (kid: string): Promise<void> => {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true })
    handle = provider(issuer, { keys: [{ ...await exportJWK(privateKey), kid, alg: 'RS256', use: 'sig' }] }).callback()
  }
  await rotate('first')
  await start()
  t.teardown(stop)
  return {
    issuer,
    requests,
    rotate,
    stop,
    start,
    async token (clientId = 'deployer', resource = audience) {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${clientId}:secret-of-the-client`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource })
      })
      return (await response.json() as { access_token: string }).access_token
    }
  }
}

function provider (issuer: string, jwks: JWKS): Provider {
  return new Provider(issuer, {
    jwks,
    clients: ['deployer', 'stranger'].map((id) => (
      { client_id: id, client_secret: 'secret-of-the-client', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] })),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => (
          { scope: '', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 900, jwt: { sign: { alg: 'RS256' } } })
      }
    },
    extraTokenClaims: () => ({ groups: ['pipelines'] })
  })
}

async function start (t: Test): Promise<{ idp: Idp, gateway: Gateway, read: (token: string) => Promise<number> }> {
  const idp = await startIdp(t)
  const oidc = [{ name: 'idp', issuer: idp.issuer, audience, algorithms: ['RS256' as const], typ: 'at+jwt', groupsClaim: 'groups', clockToleranceSeconds: 60 }]
  const groups = { administrators: { callers: ['idp:deployer'], groups: ['idp:nobody'] } }
  const gateway = await build(t, { authentication: { ...declared.authentication, oidc, groups } })
  idp.requests.length = 0
  return { idp, gateway, read: async (token) => (await gateway.send('GET', '/environments/dev', { token })).status }
}

t.test('a token of an OpenID provider', async (t) => {
  const { idp, gateway, read } = await start(t)
  t.equal(await read(await idp.token()), 200)
  t.match(gateway.log.join(''), '"caller":"idp:deployer"')
  t.equal(await read(await idp.token('stranger')), 404, 'a caller without permissions in the gateway')
  t.equal(await read(await idp.token('deployer', 'urn:example:another')), 401, 'for another audience')
  t.same(idp.requests.filter((path) => path !== '/token'), ['/.well-known/openid-configuration', '/jwks'])
})

t.test('key rotation', async (t) => {
  const { idp, gateway, read } = await start(t)
  const old = await idp.token()
  t.equal(await read(old), 200)
  await idp.rotate('second')
  gateway.advance(halfAMinute)
  t.equal(await read(await idp.token()), 200, 'a token signed with the new key')
  gateway.advance(2 * halfAMinute)
  t.equal(await read(old), 401, 'a token of the old key is refused, even if it was verified before')
})

t.test('an outage of the provider', async (t) => {
  const { idp, gateway, read } = await start(t)
  const token = await idp.token()
  t.equal(await read(token), 200)
  await idp.stop()
  gateway.advance(22 * halfAMinute)
  t.equal(await read(token), 200, 'the last keys are still used')

  const forged = token.replace(/^[^.]+/, Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: '../../keys' })).toString('base64url'))
  t.equal(await read(forged), 503, 'the key may exist')
  gateway.advance(hour)
  t.equal(await read(token), 503)
  await idp.start()
  gateway.advance(-hour)
  gateway.advance(halfAMinute)
  t.equal(await read(token), 200, 'the provider is back')
})

t.test('a provider that is down from the start', async (t) => {
  const { idp, gateway, read } = await start(t)
  const token = await idp.token()
  await idp.stop()
  const statuses = await Promise.all(Array.from({ length: 50 }, async () => read(token)))
  t.same(new Set(statuses), new Set([503]))
  const reply = await gateway.send('GET', '/environments', { token })
  t.match(reply.json, { code: 'identity-provider-unavailable' })
  t.equal(reply.headers.get('retry-after'), '5')
  await idp.start()
  gateway.advance(halfAMinute)
  t.equal(await read(token), 200)
})
