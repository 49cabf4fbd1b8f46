import { generateKeyPairSync } from 'node:crypto'
import t, { type Test } from 'tap'
import { monotonic } from '#src/clock'
import { awsLogin } from '#src/authentication/aws-login'
import { tokenKeys } from '#src/authentication/gateway-token'
import { ownSignatures } from '#src/authentication/own-signatures'
import type { UsedSignatures } from '#src/authentication/used-signatures'
import { signCallerIdentity, startSts, type Sts } from '#test/sts'

const user = { accessKeyId: 'AKIAUSERUSERUSER', secretAccessKey: 'secret-of-the-user', account: '111122223333', userId: 'AIDAUSERUSERUSERUSER', arn: 'arn:aws:iam::111122223333:user/user' }
const loggedIn = { caller: { id: 'aws:111122223333:AIDAUSERUSERUSERUSER' } }

/** Logs in. `signed` is the time of the signature, and `now` is the time of its arrival, both in milliseconds since the epoch. */
type LogIn = (nonce: string, signed: number, now: number) => Promise<unknown>

async function setUp (t: Test, used: UsedSignatures, more: { maximumAgeSeconds?: number } = {}): Promise<{ sts: Sts, logIn: LogIn }> {
  const sts = await startSts(t, [user])
  const settings = { serverId: 'gateway.test', regions: ['eu-west-1'], identities: [{ account: user.account, uniqueId: user.userId }], ...more }
  const keys = tokenKeys([], generateKeyPairSync('ed25519').privateKey)
  return {
    sts,
    async logIn (nonce, signed, now) {
      const headers = { 'x-secrets-gateway-nonce': nonce }
      const sent = await signCallerIdentity(user, { host: new URL(sts.url).host, headers, date: new Date(signed) })
      return awsLogin({ settings, keys, used, stsUrl: async () => sts.url }, sent, now)
    }
  }
}

const time = Date.parse('2027-01-01T00:00:00Z')

t.test('a login is refused while no more signatures can be remembered', async (t) => {
  let passed = 0
  const { sts, logIn } = await setUp(t, ownSignatures(() => passed, 1))
  t.match(await logIn('first', time, time), loggedIn)
  const full = { code: 'identity-provider-unavailable', options: { reason: 'aws-signatures-full' } }
  await t.rejects(logIn('second', time, time), full)
  t.equal(sts.requests.length, 1, 'AWS is not asked')
  passed = 20 * 60_000
  await t.rejects(logIn('third', time, time), full)
  passed += 1
  t.match(await logIn('fourth', time, time), loggedIn, 'the first signature is forgotten, because it is too old by now')
})

t.test('a signature is accepted for a minute, even if it is up to a minute in the future', async (t) => {
  const { logIn } = await setUp(t, ownSignatures(monotonic))
  const refused = { code: 'unauthenticated', options: { reason: 'aws-signature-age' } }
  t.match(await logIn('old', time, time + 60_000), loggedIn)
  await t.rejects(logIn('too-old', time, time + 60_001), refused)
  t.match(await logIn('early', time, time - 60_000), loggedIn)
  await t.rejects(logIn('too-early', time, time - 60_001), refused)

  const lenient = await setUp(t, ownSignatures(monotonic), { maximumAgeSeconds: 600 })
  t.match(await lenient.logIn('old', time, time + 600_000), loggedIn)
  await t.rejects(lenient.logIn('too-old', time, time + 600_001), refused)
  await t.rejects(lenient.logIn('too-early', time, time - 60_001), refused)
})

t.test('an error of STS is either a refusal, or a reason to try again later', async (t) => {
  const { sts, logIn } = await setUp(t, ownSignatures(monotonic, 1))
  const throttling = '<Code>Throttling</Code>'
  for (const [status, body, expected] of [
    [500, '', 'sts'], [503, '', 'sts'], [429, '', 'sts'], [400, throttling, 'sts'],
    [400, '', 'aws-signature-refused'], [403, throttling, 'aws-signature-refused'], [499, '', 'aws-signature-refused'],
    [201, '', 'aws-signature-refused'], [200, '', 'aws-identity-unknown']
  ] as const) {
    sts.reply = { status, type: 'text/xml', body }
    const code = expected === 'sts' ? 'identity-provider-unavailable' : 'unauthenticated'
    await t.rejects(logIn('same', time, time), { code, options: { reason: expected } }, `${status} ${body}`)
  }
  sts.reply = undefined
  t.match(await logIn('same', time, time), loggedIn, 'none of them has used up the signature')
})
