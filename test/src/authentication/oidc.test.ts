import t, { type Test } from 'tap'
import { keySet } from '#src/authentication/key-set'
import { oidcVerifier, type OidcIssuer } from '#src/authentication/oidc'
import type { TokenVerifier } from '#src/authentication/verified-tokens'
import { startIssuer, type Issuer } from '#test/issuer'

type Verify = (token: string, now: number) => ReturnType<TokenVerifier>

async function start (t: Test, settings: Partial<OidcIssuer> = {}): Promise<{ issuer: Issuer, verify: Verify }> {
  const issuer = await startIssuer(t)
  const declared = { name: 'corp', issuer: issuer.url, audience: 'secrets-gateway', algorithms: ['ES256' as const], ...settings }
  const verify = oidcVerifier(declared, keySet({ issuer: issuer.url }, Date.now))
  return { issuer, verify: async (token, now) => verify(token, now, '127.0.0.1') }
}

const seconds = (): number => Math.floor(Date.now() / 1000)
const reason = (claim: string): { code: string, options: object } => ({ code: 'unauthenticated', options: { reason: claim } })

t.test('caller ID and groups are prefixed with the issuer\'s name', async (t) => {
  const { issuer, verify } = await start(t, { groupsClaim: 'https://corp.example/groups' })
  const exp = seconds() + 60
  const claims = { sub: 'system:serviceaccount:payments:api', exp, 'https://corp.example/groups': ['pipelines', 'corp:a b'] }
  t.same(await verify(await issuer.token(claims), Date.now()), {
    caller: { id: 'corp:system:serviceaccount:payments:api', groups: ['corp:pipelines', 'corp:corp:a b'], method: 'oidc' },
    expires: exp * 1000
  })
  t.same((await verify(await issuer.token(), Date.now())).caller.groups, [], 'no groups without the claim')
  const many = Array.from({ length: 256 }, (_, index) => `g${index}`)
  t.equal((await verify(await issuer.token({ 'https://corp.example/groups': many }), Date.now())).caller.groups.length, 256)
})

t.test('groups are only read from the configured claim', async (t) => {
  const { issuer, verify } = await start(t)
  t.same((await verify(await issuer.token({ groups: ['administrators'], roles: ['administrators'] }), Date.now())).caller.groups, [])
})

t.test('one of several audiences is enough', async (t) => {
  const { issuer, verify } = await start(t)
  t.equal((await verify(await issuer.token({ aud: ['another', 'secrets-gateway'] }), Date.now())).caller.id, 'corp:service')
})

t.test('clocks may differ by the configured tolerance', async (t) => {
  const now = seconds()
  const { issuer, verify } = await start(t)
  const strict = await start(t, { clockToleranceSeconds: 0 })
  for (const [claims, expected] of [
    [{ exp: now - 29 }, 'ok'], [{ exp: now - 30 }, 'ERR_JWT_EXPIRED exp'],
    [{ nbf: now + 30 }, 'ok'], [{ nbf: now + 31 }, 'ERR_JWT_CLAIM_VALIDATION_FAILED nbf'],
    [{ iat: now + 30 }, 'ok'], [{ iat: now + 31 }, 'claim-iat']
  ] as const) {
    const outcome = async ({ issuer, verify }: { issuer: Issuer, verify: Verify }): Promise<unknown> =>
      verify(await issuer.token({ ...claims }), now * 1000).then(() => 'ok', (error: unknown) => (error as { options: { reason: string } }).options.reason)
    t.equal(await outcome({ issuer, verify }), expected, JSON.stringify(claims))
    t.not(await outcome(strict), 'ok', `${JSON.stringify(claims)}, without tolerance`)
  }
})

t.test('the maximum lifetime of a token is configurable', async (t) => {
  const now = seconds()
  const { issuer, verify } = await start(t, { maximumLifetimeSeconds: 600 })
  await t.resolves(verify(await issuer.token({ iat: now, exp: now + 600 }), now * 1000))
  await t.rejects(verify(await issuer.token({ iat: now, exp: now + 601 }), now * 1000), reason('claim-exp'))
  await t.resolves(verify(await issuer.token({ iat: undefined, exp: now + 600 }), now * 1000))
  await t.rejects(verify(await issuer.token({ iat: undefined, exp: now + 601 }), now * 1000), reason('claim-exp'))
  await t.rejects(verify(await issuer.token({ iat: now - 590, exp: now + 20 }), now * 1000), reason('claim-exp'), 'even if it is about to expire')
  const day = await start(t)
  await t.resolves(day.verify(await day.issuer.token({ iat: now, exp: now + 24 * 60 * 60 }), now * 1000))
  await t.rejects(day.verify(await day.issuer.token({ iat: now, exp: now + 24 * 60 * 60 + 1 }), now * 1000), reason('claim-exp'))
})

t.test('typ is only checked if the configuration sets it', async (t) => {
  const { issuer, verify } = await start(t, { typ: 'at+jwt' })
  await t.resolves(verify(await issuer.token({}, { typ: 'at+jwt' }), Date.now()))
  await t.resolves(verify(await issuer.token({}, { typ: 'application/at+jwt' }), Date.now()), 'the long form of RFC 7515')
  await t.rejects(verify(await issuer.token({}, { typ: 'JWT' }), Date.now()), reason('ERR_JWT_CLAIM_VALIDATION_FAILED typ'))
  const any = await start(t)
  await t.resolves(any.verify(await any.issuer.token(), Date.now()))
})
