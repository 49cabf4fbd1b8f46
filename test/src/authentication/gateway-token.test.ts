import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { defaultLifetime, gatewayTokenVerifier, issueToken, maximumLifetime, tokenKeys } from '#src/authentication/gateway-token'

const audience = 'gateway.test'
const subject = 'aws:111122223333:AIDAUSERUSERUSERUSER'
const now = Date.parse('2027-01-01T00:00:00.999Z')
const second = 1_000
const verifier = (...parameters: Parameters<typeof gatewayTokenVerifier>) => {
  const verify = gatewayTokenVerifier(...parameters)
  return async (token: string, time: number) => verify(token, time, '127.0.0.1')
}
const newKey = () => generateKeyPairSync('ed25519').privateKey

t.test('a token is valid for its lifetime, and half a minute longer because clocks differ', async (t) => {
  const keys = tokenKeys([], newKey())
  const verify = verifier(keys, audience, () => ['team'])
  const { token, expires } = await issueToken(keys, { subject, audience, lifetime: 600 }, now)
  t.equal(expires, Date.parse('2027-01-01T00:10:00Z'))
  t.same(await verify(token, now), { caller: { id: subject, groups: ['team'], method: 'aws' }, expires })
  await t.resolves(verify(token, expires + 29 * second))
  await t.rejects(verify(token, expires + 30 * second), { code: 'unauthenticated', options: { reason: 'ERR_JWT_EXPIRED exp' } })
  await t.resolves(verify(token, now - 30 * second), 'it was issued by a replica whose clock is fast')
  await t.rejects(verify(token, now - 31 * second), { code: 'unauthenticated', options: { reason: 'claim-iat' } })
})

t.test('a token is valid for a quarter of an hour by default, and for an hour at most', async (t) => {
  t.same([defaultLifetime, maximumLifetime], [900, 3_600])
  const keys = tokenKeys([], newKey())
  const verify = verifier(keys, audience, () => [])
  const withLifetime = async (lifetime: number): Promise<string> => (await issueToken(keys, { subject, audience, lifetime }, now)).token
  await t.resolves(verify(await withLifetime(3_600), now))
  await t.rejects(verify(await withLifetime(3_601), now), { code: 'unauthenticated', options: { reason: 'claim-exp' } })
})

t.test('the first key signs, all keys verify, and the key of the process counts only if there are no others', async (t) => {
  const [own, first, second, stranger] = [newKey(), newKey(), newKey(), newKey()]
  const issue = async (key: typeof own): Promise<string> =>
    (await issueToken({ sign: key, verify: [] }, { subject, audience, lifetime: 60 }, now)).token
  t.equal(tokenKeys([], own).sign, own)
  t.equal(tokenKeys([first, second], own).sign, first)
  for (const [keys, valid, invalid] of [
    [tokenKeys([], own), [own], [first, stranger]],
    [tokenKeys([first, second], own), [first, second], [own, stranger]]
  ] as const) {
    const verify = verifier(keys, audience, () => [])
    for (const key of valid) await t.resolves(verify(await issue(key), now))
    for (const key of invalid) {
      await t.rejects(verify(await issue(key), now), { code: 'unauthenticated', options: { reason: 'ERR_JWKS_NO_MATCHING_KEY' } })
    }
  }
})

t.test('a token for another gateway is refused', async (t) => {
  const keys = tokenKeys([], newKey())
  const { token } = await issueToken(keys, { subject, audience, lifetime: 60 }, now)
  await t.rejects(verifier(keys, 'other.test', () => [])(token, now), { code: 'unauthenticated' })
})
