import t from 'tap'
import { roleArns } from '#test/aws-roles'
import { build, declared, embedded, policies, tokens } from '#test/helper'

const roles = {
  'prod-account': { kind: 'assume-role' as const, roleArn: roleArns.prod, source: 'platform', externalId: 'an-external-id', region: 'us-west-2' },
  workload: { kind: 'web-identity' as const, roleArn: roleArns.workload, tokenFile: '/nowhere/token' },
  ci: { kind: 'environment' as const, accessKeyIdVariable: 'CI_KEY', secretAccessKeyVariable: 'CI_SECRET' },
  platform: embedded('AKIAPLATFORM')
}

t.test('listCredentials: the declared credentials, without their keys', async (t) => {
  const gateway = await build(t, { credentials: { ...declared.credentials, ...roles } })
  const { status, json, text } = await gateway.send('GET', '/credentials')
  t.equal(status, 200)
  t.same(json.items, [
    { id: 'dev-account', kind: 'embedded', region: 'eu-west-1' },
    { id: 'prod-account', kind: 'assume-role', account: '222222222222', region: 'us-west-2' },
    { id: 'unknown-to-aws', kind: 'embedded', region: 'eu-west-1' },
    { id: 'workload', kind: 'web-identity', account: '111111111111', region: 'us-east-1' },
    { id: 'ci', kind: 'environment', region: 'us-east-1' },
    { id: 'platform', kind: 'embedded', region: 'eu-west-1' }
  ])
  t.notMatch(text, /AKIA|secret|external|token|CI_KEY/)
  t.same(gateway.awsCalls, [], 'AWS is not called')
  await gateway.send('POST', '/credentials/dev-account/verify')
  t.match((await gateway.send('GET', '/credentials')).json.items[0], { id: 'dev-account', account: '111111111111' }, 'a verified account is shown')
})

t.test('a list shows only what the caller may see', async (t) => {
  const gateway = await build(t, {
    authorization: policies('@id("one") permit (principal == Caller::"stranger", action == Action::"DescribeCredential", resource == Credential::"prod-account");')
  })
  t.same((await gateway.send('GET', '/credentials', { token: tokens.stranger })).json.items.map(({ id }: { id: string }) => id), ['prod-account'])
  t.same((await gateway.send('GET', '/credentials', { token: tokens.reader })).json, { items: [] })
})
