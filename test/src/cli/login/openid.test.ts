import { mock } from 'node:test'
import t from 'tap'
import { authorizationParameters, credentialFrom, resourceOf, type Issuer } from '#src/cli/login/openid'

type Reply = Parameters<typeof credentialFrom>[0]

const issuer: Issuer = { name: 'people', issuer: 'https://login.example.com', clientId: 'cli', scope: 'openid', tokenType: 'access_token', parameters: {} }

/** A reply of the issuer, whose tokens last for this number of seconds. */
const reply = (seconds: number | undefined, change: object = {}): Reply => ({
  access_token: 'access', token_type: 'bearer', expiresIn: () => seconds, claims: () => undefined, ...change
}) as unknown as Reply

t.test('the token and its end come from the reply', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
  t.teardown(() => { mock.timers.reset() })
  const credential = { kind: 'oidc', issuer: issuer.issuer, clientId: 'cli', tokenType: 'access_token', token: 'access' }
  t.strictSame(credentialFrom(reply(60), issuer), { ...credential, expires: 1_060_000 })
  t.strictSame(credentialFrom(reply(0), issuer), { ...credential, expires: 1_000_000 })
  t.strictSame(credentialFrom(reply(undefined), issuer), { ...credential, expires: 1_300_000 }, 'five minutes are assumed')
  t.strictSame(credentialFrom(reply(60), issuer, 'before'), { ...credential, expires: 1_060_000, refreshToken: 'before' })
  t.strictSame(credentialFrom(reply(60, { refresh_token: 'new' }), issuer, 'before'), { ...credential, expires: 1_060_000, refreshToken: 'new' })

  const withId = { ...issuer, tokenType: 'id_token' as const }
  const idToken = { ...credential, tokenType: 'id_token', token: 'id' }
  t.strictSame(credentialFrom(reply(60, { id_token: 'id', claims: () => ({ exp: 2_000 }) }), withId), { ...idToken, expires: 2_000_000 })
  t.strictSame(credentialFrom(reply(60, { id_token: 'id' }), withId), { ...idToken, expires: 0 })
  t.throws(() => credentialFrom(reply(60), withId), /sent no ID token/)
})

t.test('the parameters of a login', async (t) => {
  t.strictSame(authorizationParameters({ ...issuer, parameters: { audience: 'a' } }), { audience: 'a', scope: 'openid' })
  t.strictSame(authorizationParameters({ ...issuer, scope: 'openid offline_access' }), { prompt: 'consent', scope: 'openid offline_access' })
  t.strictSame(authorizationParameters({ ...issuer, scope: 'offline_access', parameters: { prompt: 'login' } }), { prompt: 'login', scope: 'offline_access' })
  t.strictSame(resourceOf(issuer), {})
  t.strictSame(resourceOf({ ...issuer, parameters: { resource: 'r', audience: 'a' } }), { resource: 'r' })
})
