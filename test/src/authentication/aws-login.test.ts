import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { awsLogin } from '#src/authentication/aws-login'
import { tokenKeys } from '#src/authentication/gateway-token'
import { usedSignatures } from '#src/authentication/used-signatures'
import { signCallerIdentity, startSts } from '#test/sts'

const user = { accessKeyId: 'AKIAUSERUSERUSER', secretAccessKey: 'secret-of-the-user', account: '111122223333', userId: 'AIDAUSERUSERUSERUSER', arn: 'arn:aws:iam::111122223333:user/user' }

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
