import { mock } from 'node:test'
import t from 'tap'
import { build, declared, tokens } from '../helper.ts'

const path = '/environments/dev/secrets'

t.test('the credential is the environment\'s, or the allowed one that the request names', async (t) => {
  const gateway = await build(t)
  const list = async (id?: string): Promise<{ status: number, json: { code?: string } }> =>
    gateway.send('GET', path, id === undefined ? {} : { headers: { 'aws-credential-id': id } })

  t.equal((await list()).status, 200)
  t.equal((await list('dev-account')).status, 200)
  t.match(await list('unknown-to-aws'), { status: 502, json: { code: 'credential-invalid' } })
})

t.test('the clients of a configuration that was replaced are closed in the end', async (t) => {
  const gateway = await build(t)
  await gateway.send('GET', path)
  const old = gateway.fastify.aws('dev-account', 'eu-west-1')
  mock.timers.enable({ apis: ['setTimeout'] })
  const closed = t.capture(old, 'destroy')
  gateway.fastify.config.replace({ ...gateway.fastify.config.current })
  mock.timers.tick(59_000)
  t.equal(closed().length, 0, 'requests under way keep them')
  mock.timers.tick(2_000)
  t.equal(closed().length, 1)
  mock.timers.reset()
  t.not(gateway.fastify.aws('dev-account', 'eu-west-1'), old)
})

t.test('one that does not exist, one that the environment does not allow and one that the caller may not use are all the same', async (t) => {
  const grants: typeof declared.authorization.grants = [
    { callers: ['stranger'], actions: ['DescribeEnvironment', 'ListSecrets'], environments: ['dev'], credentials: ['dev-account'] }
  ]
  const gateway = await build(t, { authorization: { grants } })
  const refuse = async (id: string): Promise<object> => {
    const { status, json } = await gateway.send('GET', path, { headers: { 'aws-credential-id': id }, token: tokens.stranger })
    t.equal(status, 403)
    return { ...json, requestId: '', instance: '' }
  }
  t.same(await refuse('prod-account'), await refuse('none'))
  t.same(await refuse('unknown-to-aws'), await refuse('none'))
  t.same(gateway.awsCalls, [])
})

t.test('choosing the wrong credential really fails: an account never sees another\'s secrets', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', '/environments/prod/secrets/a', { json: { value: 'production' } })
  const { environments, ...rest } = gateway.fastify.config.current
  const prod = environments.get('prod')
  if (prod === undefined) throw new Error('there is such an environment')
  const wrong = { ...prod, credential: 'dev-account', allowedCredentials: ['dev-account'] }
  gateway.fastify.config.replace({ ...rest, environments: new Map([['prod', wrong]]) })
  t.match(await gateway.send('GET', '/environments/prod/secrets/a'), { status: 404, json: { code: 'secret-not-found' } })
})
