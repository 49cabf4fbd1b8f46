import t from 'tap'
import { roleArns } from '#test/aws-roles'
import { build, declared, embedded, policies, tokens } from '#test/helper'

const credentials = {
  ...declared.credentials,
  platform: embedded('AKIAPLATFORM'),
  hub: { kind: 'assume-role' as const, roleArn: roleArns.hub, source: 'platform' },
  untrusting: { kind: 'assume-role' as const, roleArn: roleArns.withoutIdentity, source: 'platform' }
}

t.test('verifyCredential: AWS identifies the principal of a credential', async (t) => {
  const gateway = await build(t, { credentials })
  t.match(await gateway.send('POST', '/credentials/prod-account/verify'), {
    status: 200, json: { id: 'prod-account', account: '222222222222', arn: /^arn:aws:(iam::222222222222:root|sts::222222222222:user\/moto)$/ }
  })
  t.match(await gateway.send('POST', '/credentials/hub/verify'), {
    status: 200, json: { id: 'hub', account: '333333333333', arn: 'arn:aws:sts::333333333333:assumed-role/hub/secrets-gateway' }
  }, 'for a role, AWS reports the gateway\'s own session')
  t.same(gateway.awsCalls, ['GetCallerIdentity', 'AssumeRole', 'GetCallerIdentity'])
  t.match(gateway.signers.at(-1), { sourceIdentity: 'secrets-gateway' })
  await gateway.send('POST', '/credentials/hub/verify')
  t.same(gateway.awsCalls.slice(3), ['GetCallerIdentity'], 'the identity is requested again each time')
  t.match(gateway.trail().at(-1), { action: 'VerifyCredential', credential: 'hub', caller: { id: 'administrator' }, status: 200 })
})

t.test('an unusable credential: the reason is in the log and the trail', async (t) => {
  const gateway = await build(t, { credentials })
  for (const [id, reason] of [
    ['unknown-to-aws', 'the credential unknown-to-aws: InvalidClientTokenId: The security token included in the request is invalid.'],
    ['untrusting', `the credential untrusting: AccessDenied: User: arn:aws:iam::333333333333:user/AKIAPLATFORM is not authorized to perform: sts:SetSourceIdentity on resource: ${roleArns.withoutIdentity}`]
  ] as const) {
    const reply = await gateway.send('POST', `/credentials/${id}/verify`)
    t.match(reply, { status: 502, json: { code: 'credential-invalid' } }, id)
    t.match(gateway.trail().at(-1), { code: 'credential-invalid', reason, credential: id })
    t.ok(gateway.log.join('').includes(reason))
  }
})

t.test('a credential that does not exist and one that the caller may not verify are indistinguishable', async (t) => {
  const gateway = await build(t, {
    authorization: policies('@id("one") permit (principal == Caller::"stranger", action == Action::"VerifyCredential", resource == Credential::"prod-account");')
  })
  const verify = async (id: string): Promise<object> => {
    const { status, json } = await gateway.send('POST', `/credentials/${id}/verify`, { token: tokens.stranger })
    t.equal(status, 403)
    return { ...json, requestId: '', instance: '' }
  }
  t.same(await verify('none'), await verify('dev-account'))
  t.same(gateway.awsCalls, [])
  t.match(gateway.trail().at(-1), { event: 'denial', credential: 'dev-account', decision: { allowed: false, policies: [] } })
  t.equal((await gateway.send('POST', '/credentials/prod-account/verify', { token: tokens.stranger })).status, 200)
  t.match(gateway.trail().at(-1), { decision: { allowed: true, policies: ['one'] } })
  t.equal((await gateway.send('POST', '/credentials/prod-account/verify', { token: null })).status, 401)
})
