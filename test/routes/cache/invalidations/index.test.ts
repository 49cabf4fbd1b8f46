import t from 'tap'
import { build, caching, policies, tokens } from '#test/helper'

const path = '/cache/invalidations'
const arn = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:dev/payments/db-AbCdEf'

t.test('invalidateCache: the next read calls AWS, for a secret given by name or by ARN', async (t) => {
  const gateway = await build(t, caching)
  const aws = gateway.aws('AKIADEV')
  await aws.createSecret({ Name: 'dev/payments/db', SecretString: 'v0' })
  const value = async (): Promise<string> => (await gateway.send('GET', '/environments/dev/secrets/payments%2Fdb')).json.value
  t.equal(await value(), 'v0')
  for (const [index, secretId] of ['payments/db', arn].entries()) {
    await aws.putSecretValue({ SecretId: 'dev/payments/db', SecretString: `v${index + 1}` })
    t.equal(await value(), `v${index}`, 'the gateway does not know of the change')
    const reply = await gateway.send('POST', path, { json: { environment: 'dev', secretIds: [secretId] } })
    t.match(reply, { status: 200, json: { items: [{ name: 'payments/db', problem: undefined }] } })
    t.equal(await value(), `v${index + 1}`)
    // A value that is read within ten seconds after an invalidation is cached for only one second.
    gateway.advance(20 / 86_400)
    await value()
  }
})

t.test('it needs its own permission, on the environment and on each secret, and every secret is recorded', async (t) => {
  const gateway = await build(t, {
    authorization: policies(`
      @id("reader") permit (principal == Caller::"reader", action in Action::"read", resource in Environment::"dev");
      @id("hook-sees") permit (principal == Caller::"pipeline", action == Action::"DescribeEnvironment", resource == Environment::"dev");
      @id("hook") permit (principal == Caller::"pipeline", action == Action::"InvalidateCache", resource == Environment::"dev");
      @id("hook-of-team-a") permit (principal == Caller::"pipeline", action == Action::"InvalidateCache", resource is Secret in Environment::"dev")
      when { resource.name like "team-a/*" };
    `)
  })
  const ask = async (token: string, environment: string): ReturnType<typeof gateway.send> =>
    gateway.send('POST', path, { token, json: { environment, secretIds: ['team-a/x', 'team-b/x', 'team-a/y'] } })
  t.match(await ask(tokens.reader, 'dev'), { status: 403, json: { code: 'forbidden' } })
  t.match(await ask(tokens.pipeline, 'prod'), { status: 404, json: { code: 'not-found' } }, 'an environment that the caller does not see')
  t.match(await ask(tokens.pipeline, 'none'), { status: 404, json: { code: 'not-found' } })
  const before = gateway.trail().length
  t.match((await ask(tokens.pipeline, 'dev')).json, {
    items: [{ name: 'team-a/x', problem: undefined }, { name: 'team-b/x', problem: { code: 'forbidden' } }, { name: 'team-a/y', problem: undefined }]
  })
  const common = { operation: 'invalidateCache', caller: { id: 'pipeline' }, action: 'InvalidateCache' }
  t.match(gateway.trail().slice(before), [
    { event: 'intent', ...common },
    { event: 'item', ...common, environment: 'dev', credential: 'dev-account', names: ['team-a/x', 'team-a/y'], status: 200, decision: { allowed: true, policies: ['hook-of-team-a'] } },
    { event: 'item', ...common, environment: 'dev', name: 'team-b/x', status: 403, code: 'forbidden', decision: { allowed: false, policies: [] } },
    { event: 'outcome', ...common, status: 200, items: 3, decisions: [{ environment: 'dev', action: 'InvalidateCache', allowed: true, policies: ['hook'] }] }
  ])
  t.same(gateway.awsCalls, [])
})

t.test('text that is neither a name nor an ARN of the environment is refused, and nothing is dropped', async (t) => {
  const { send } = await build(t, caching)
  await send('PUT', '/environments/dev/secrets/a', { json: { value: 'v' } })
  await send('GET', '/environments/dev/secrets/a')
  const errorsOf = async (...secretIds: unknown[]): Promise<object> => {
    const { status, json, text } = await send('POST', path, { json: { environment: 'dev', secretIds } })
    t.equal(status, 400)
    t.notMatch(text, 'canary')
    return json.errors.map(({ pointer }: { pointer: string }) => pointer)
  }
  t.same(await errorsOf('a', 'canary//b', 'ok', 'a b'), ['/secretIds/1', '/secretIds/3'])
  for (const other of [
    arn.replace('eu-west-1', 'us-east-1'), arn.replace('dev/', 'canary/'), arn.replace(':secretsmanager:', ':sqs:'), 'arn:aws:canary', arn.replace('-AbCdEf', '')
  ]) t.same(await errorsOf('a', other), ['/secretIds/1'], other)
  t.same(await errorsOf(1), ['/secretIds/0'])
  t.same(await errorsOf('a', 'a'), ['/secretIds'])
  t.same(await errorsOf(), ['/secretIds'])
  t.match((await send('GET', '/environments/dev/secrets/a')).headers.get('cache-status'), /hit/)
})

t.test('an ARN has to be in the account of the environment, if the environment has one', async (t) => {
  const { send } = await build(t, {
    environments: { dev: { region: 'eu-west-1', credential: 'dev-account', account: '222222222222' } },
    credentials: { 'dev-account': { kind: 'embedded', accessKeyId: 'AKIADEV', secretAccessKey: 'AKIADEV-secret' } }
  })
  t.match(await send('POST', path, { json: { environment: 'dev', secretIds: [arn] } }), { status: 400 })
  t.match(await send('POST', path, { json: { environment: 'dev', secretIds: [arn.replace('111111111111', '222222222222')] } }), { status: 200 })
})
