import t from 'tap'
import { build, declared } from '#test/helper'

// Tests the operation listWaysToLogIn. A contract test requires each operation ID to occur in the tests of its route.

const issuer = { issuer: 'https://idp.example.com', audience: 'secrets-gateway', algorithms: ['RS256' as const] }

t.test('everybody may read how to log in, but nothing else in the configuration', async (t) => {
  const oidc = [
    { ...issuer, name: 'machines' },
    { ...issuer, name: 'people', issuer: 'https://login.example.com', login: { clientId: 'secretsctl' } },
    {
      ...issuer, name: 'partners', issuer: 'https://partners.example.com',
      login: { clientId: 'cli', scope: 'openid', tokenType: 'id_token' as const, parameters: { resource: 'https://secrets.example.com' } }
    }
  ]
  const aws = { serverId: 'gateway.test', regions: ['eu-west-1'], identities: [{ account: '111122223333' }] }
  const gateway = await build(t, { authentication: { ...declared.authentication, oidc, aws } })
  const { status, json } = await gateway.send('GET', '/auth', { token: null })
  t.same([status, json], [200, {
    oidc: [
      { name: 'people', issuer: 'https://login.example.com', clientId: 'secretsctl', scope: 'openid offline_access', tokenType: 'access_token', parameters: {} },
      {
        name: 'partners', issuer: 'https://partners.example.com', clientId: 'cli', scope: 'openid', tokenType: 'id_token',
        parameters: { resource: 'https://secrets.example.com' }
      }
    ],
    aws: { serverId: 'gateway.test', regions: ['eu-west-1'] }
  }])
})

t.test('a gateway without login methods', async (t) => {
  const gateway = await build(t)
  t.same((await gateway.send('GET', '/auth', { token: null })).json, { oidc: [] })
  t.equal((await gateway.send('GET', '/auth?x=1', { token: null })).status, 400)
})
