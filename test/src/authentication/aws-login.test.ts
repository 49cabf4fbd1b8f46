import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { monotonic } from '#src/clock'
import { awsLogin } from '#src/authentication/aws-login'
import { tokenKeys } from '#src/authentication/gateway-token'
import { usedSignatures } from '#src/authentication/used-signatures'
import { Problem } from '#src/problems/problem'
import { signCallerIdentity, startSts } from '#test/sts'

const user = { accessKeyId: 'AKIAUSERUSERUSER', secretAccessKey: 'secret-of-the-user', account: '111122223333', userId: 'AIDAUSERUSERUSERUSER', arn: 'arn:aws:iam::111122223333:user/user' }

t.test('a signature is accepted from a minute before its date until its maximum age', async (t) => {
  const sts = await startSts(t, [user])
  const keys = tokenKeys([], generateKeyPairSync('ed25519').privateKey)
  const signedAt = Math.floor(Date.now() / 1_000) * 1_000
  const logIn = async (milliseconds: number, maximumAgeSeconds?: number): Promise<string> => {
    const settings = {
      serverId: 'gateway.test', regions: ['eu-west-1'], identities: [{ account: user.account, uniqueId: user.userId }],
      ...maximumAgeSeconds !== undefined && { maximumAgeSeconds }
    }
    const signed = await signCallerIdentity(user, { host: new URL(sts.url).host, date: new Date(signedAt) })
    return awsLogin({ settings, keys, used: usedSignatures(monotonic), endpoint: sts.url }, signed, signedAt + milliseconds)
      .then(() => 'accepted', (error: unknown) => error instanceof Problem ? error.options.reason ?? error.code : String(error))
  }
  for (const [milliseconds, expected] of [
    [-60_001, 'aws-signature-age'], [-60_000, 'accepted'], [0, 'accepted'], [60_000, 'accepted'], [60_001, 'aws-signature-age']
  ] as const) t.equal(await logIn(milliseconds), expected, `${milliseconds} ms`)
  t.equal(await logIn(30_000, 30), 'accepted')
  t.equal(await logIn(30_001, 30), 'aws-signature-age')
})

t.test('a login is refused while no more signatures can be remembered', async (t) => {
  const sts = await startSts(t, [user])
  const settings = { serverId: 'gateway.test', regions: ['eu-west-1'], identities: [{ account: user.account, uniqueId: user.userId }] }
  const keys = tokenKeys([], generateKeyPairSync('ed25519').privateKey)
  let time = 0
  const used = usedSignatures(() => time, 1)
  const logIn = async (nonce: string): Promise<unknown> => {
    const headers = { 'x-secrets-gateway-nonce': nonce }
    const signed = await signCallerIdentity(user, { host: new URL(sts.url).host, headers })
    return awsLogin({ settings, keys, used, endpoint: sts.url }, signed, Date.now())
  }
  t.match(await logIn('first'), { caller: { id: 'aws:111122223333:AIDAUSERUSERUSERUSER' } })
  await t.rejects(logIn('second'), { code: 'identity-provider-unavailable', options: { reason: 'aws-signatures-full' } })
  t.equal(sts.requests.length, 1, 'AWS is not asked')
  time += 20 * 60_000 + 1
  t.match(await logIn('third'), { caller: { id: 'aws:111122223333:AIDAUSERUSERUSERUSER' } }, 'the first signature is too old by now')
})
