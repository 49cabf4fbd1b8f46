import { mock } from 'node:test'
import t from 'tap'
import { roleArns } from '#test/aws-roles'
import { build, declared, embedded, policies, tokens } from '#test/helper'

const path = '/environments/dev/secrets'

t.test('the credential is the environment\'s default, or an allowed one that the request names', async (t) => {
  const gateway = await build(t)
  const list = async (id?: string): Promise<{ status: number, json: { code?: string } }> =>
    gateway.send('GET', path, id === undefined ? {} : { headers: { 'aws-credential-id': id } })

  t.equal((await list()).status, 200)
  t.equal((await list('dev-account')).status, 200)
  t.match(await list('unknown-to-aws'), { status: 502, json: { code: 'credential-invalid' } })
})

t.test('the clients of a replaced configuration are closed eventually', async (t) => {
  const gateway = await build(t)
  await gateway.send('GET', path)
  const old = gateway.fastify.awsClient('dev-account', 'eu-west-1')
  mock.timers.enable({ apis: ['setTimeout'] })
  const { requestHandler } = old.config
  const closed = t.capture(requestHandler as { destroy: () => void }, 'destroy')
  gateway.fastify.config.replace({ ...gateway.fastify.config.current })
  mock.timers.tick(59_000)
  t.equal(closed().length, 0, 'running requests can still use them')
  mock.timers.tick(2_000)
  t.equal(closed().length, 1)
  mock.timers.reset()
  t.not(gateway.fastify.awsClient('dev-account', 'eu-west-1'), old)
})

t.test('a credential that does not exist, one that the environment does not allow and one that the caller may not use are indistinguishable', async (t) => {
  const gateway = await build(t, {
    authorization: policies(`
      @id("stranger") permit (
        principal == Caller::"stranger", action in [Action::"DescribeEnvironment", Action::"ListSecrets"], resource in Environment::"dev"
      ) when { context.credential == Credential::"dev-account" };
    `)
  })
  const refuse = async (id: string): Promise<object> => {
    const { status, json } = await gateway.send('GET', path, { headers: { 'aws-credential-id': id }, token: tokens.stranger })
    t.equal(status, 403)
    return { ...json, requestId: '', instance: '' }
  }
  t.same(await refuse('prod-account'), await refuse('none'))
  t.same(await refuse('unknown-to-aws'), await refuse('none'))
  t.same(gateway.awsCalls, [])
})

t.test('the wrong credential fails: an account never sees another\'s secrets', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', '/environments/prod/secrets/a', { json: { value: 'production' } })
  const { environments, ...rest } = gateway.fastify.config.current
  const prod = environments.get('prod')
  if (prod === undefined) throw new Error('there is no such environment')
  const wrong = { ...prod, credential: 'dev-account', allowedCredentials: ['dev-account'] }
  gateway.fastify.config.replace({ ...rest, environments: new Map([['prod', wrong]]) })
  t.match(await gateway.send('GET', '/environments/prod/secrets/a'), { status: 404, json: { code: 'secret-not-found' } })
})

t.test('an environment that names its account refuses a credential of another account, before any call to AWS Secrets Manager', async (t) => {
  const dev = { region: 'eu-west-1', credential: 'dev-account', account: '111111111111', allowedCredentials: ['prod-account', 'unknown-to-aws'] }
  const gateway = await build(t, { environments: { ...declared.environments, dev } })
  const list = async (id: string) => gateway.send('GET', path, { headers: { 'aws-credential-id': id } })
  for (let time = 0; time < 2; time += 1) {
    t.equal((await list('dev-account')).status, 200)
    t.match(await list('prod-account'), { status: 502, json: { code: 'credential-account-mismatch' } })
  }
  t.same(gateway.awsCalls, ['GetCallerIdentity', 'ListSecrets', 'GetCallerIdentity', 'ListSecrets'], 'AWS is asked only once for the owner of each credential')
  t.match(gateway.trail().at(-1), { reason: 'the credential prod-account is of the account 222222222222, not of 111111111111' })
  t.match(await list('unknown-to-aws'), { status: 502, json: { code: 'credential-invalid' } }, 'a credential whose account can\'t be determined is not used either')
  t.equal(gateway.awsCalls.length, 4)
  t.match(await gateway.send('GET', '/environments/dev'), { json: { account: '111111111111' } })
})

t.test('credentials of one account share its quotas', async (t) => {
  const names = ['SHARED_KEY', 'SAME_KEY']
  for (const name of names) Object.assign(process.env, { [name]: 'AKIADEV', [`${name}_SECRET`]: 'AKIADEV-secret' })
  const keys = (name: string) => ({ kind: 'environment', accessKeyIdVariable: name, secretAccessKeyVariable: `${name}_SECRET` }) as const
  const gateway = await build(t, {
    environments: { dev: { region: 'eu-west-1', account: '111111111111', credential: 'one', allowedCredentials: ['other'] } },
    credentials: { one: keys('SHARED_KEY'), other: keys('SAME_KEY') },
    // Five creations per second.
    aws: { quotaShare: 0.1 },
    authorization: policies('@id("all") permit (principal, action, resource);')
  })
  const begun = performance.now()
  const replies = await Promise.all(['one', 'other'].flatMap((id) => Array.from({ length: 4 }, async (_, index) =>
    gateway.send('POST', `${path}/${id}-${index}`, { json: { value: 'v' }, headers: { 'aws-credential-id': id } }))))
  t.same(replies.map(({ status }) => status), Array.from({ length: 8 }, () => 201))
  // Two creations start at once. The other six take two seconds, but with separate quotas, they would take only 0.7 seconds.
  t.ok(performance.now() - begun > 1_500, 'the two credentials together keep to the quota')
})

t.test('the source environment of a promotion refuses a credential of another account, too', async (t) => {
  const dev = { region: 'eu-west-1', credential: 'prod-account', account: '111111111111' }
  const gateway = await build(t, { environments: { ...declared.environments, dev } })
  const reply = await gateway.send('POST', '/environments/staging/promotions', { json: { from: 'dev', names: ['a'] } })
  t.match(reply.json.items, [{ result: 'failed', problem: { code: 'credential-account-mismatch' } }])
  t.same(gateway.awsCalls, ['GetCallerIdentity'])
})

t.test('the account of a role session is checked, too', async (t) => {
  const credentials = {
    ...declared.credentials,
    platform: embedded('AKIAPLATFORM'),
    'dev-role': { kind: 'assume-role' as const, roleArn: roleArns.dev, source: 'platform', externalId: 'of-the-gateway' }
  }
  const gateway = await build(t, {
    credentials, environments: { ...declared.environments, dev: { region: 'eu-west-1', credential: 'dev-role', account: '111111111111' } }
  })
  t.equal((await gateway.send('GET', path)).status, 200)
  t.same(gateway.awsCalls, ['AssumeRole', 'GetCallerIdentity', 'ListSecrets'])
})
