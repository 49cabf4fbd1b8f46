import t from 'tap'
import { configFrom } from '#src/config/config'
import { roleArns } from '#test/aws-roles'
import { proxyWithFaults } from '#test/faults'
import { build, declared, embedded, type Gateway } from '#test/helper'
import { until } from '#test/until'

const names = ['a', 'b', 'none', 'not//a-name']

/** Starts a gateway whose environments require secrets, and creates them in AWS. */
async function scene (t: Parameters<typeof build>[0], change: Parameters<typeof build>[1]): Promise<Gateway> {
  const gateway = await build(t, { cache: {}, ...change })
  for (const name of ['a', 'b']) await gateway.aws('AKIADEV').createSecret({ Name: `dev/${name}`, SecretString: name })
  return gateway
}

const dev = { ...declared.environments.dev, requiredSecrets: names }

t.test('required secrets are read at the start, and after a reload', async (t) => {
  const { fastify: { config }, awsCalls, log, send, trail } = await scene(t, { environments: { dev: { ...dev, requiredSecrets: ['none'] } } })
  const failures = (): unknown[] => log.filter((line) => line.includes('a required secret can not be read')).map((line): object => JSON.parse(line))
  await until(() => failures().length === 1)
  t.match(failures(), [{ environment: 'dev', name: 'none', code: 'secret-not-found' }])

  const seen = awsCalls.length
  const { environments } = configFrom({ ...declared, environments: { dev } })
  config.replace({ ...config.current, environments })
  await until(() => failures().length === 2)
  t.same(awsCalls.slice(seen), ['BatchGetSecretValue'])
  t.same(trail().filter(({ event }) => event === 'intent'), [], 'nobody gets a value')
  for (const name of ['a', 'b']) {
    const reply = await send('GET', `/environments/dev/secrets/${name}`)
    t.match(reply.json, { value: name })
    t.match(reply.headers.get('cache-status'), /hit/)
  }
  config.replace({ ...config.current })
  await send('GET', '/environments/dev/secrets/a')
  t.same(awsCalls.slice(seen), ['BatchGetSecretValue'], 'what is kept is not read again')
})

t.test('required secrets are read with the gateway\'s own role session, unless callers could not use the result', async (t) => {
  const role = { kind: 'assume-role', roleArn: roleArns.dev, source: 'platform', externalId: 'of-the-gateway' } as const
  const { signers, fastify } = await scene(t, {
    environments: {
      dev: { ...dev, credential: 'dev-role', requiredSecrets: ['a'] },
      alone: { ...dev, namePrefix: 'alone/', credential: 'alone' },
      uncached: { ...dev, namePrefix: 'uncached/', cache: { ttlSeconds: 0 } }
    },
    credentials: { ...declared.credentials, platform: embedded('AKIAPLATFORM'), 'dev-role': role, alone: { ...role, shareReads: false } }
  })
  const reads = (): unknown[] => signers.filter(({ operation }) => operation !== 'CreateSecret' && operation.includes('SecretValue'))
  await until(() => reads().length === 1)
  await fastify.close()
  t.match(reads(), [{ operation: 'GetSecretValue', sourceIdentity: 'secrets-gateway' }])
})

t.test('while AWS does not answer, the gateway is ready, and replies from its cache', async (t) => {
  const gateway = await scene(t, { environments: { dev: { ...dev, requiredSecrets: [] } } })
  const { send } = gateway
  const fail = await proxyWithFaults(t, gateway)
  t.match(await send('GET', '/environments/dev/secrets/a'), { status: 200 })
  fail('GetSecretValue', ...Array.from({ length: 100 }, () => 'reset' as const))
  t.match(await send('GET', '/environments/dev/secrets/b'), { status: 502 })
  t.match(await send('GET', '/health/ready', { token: null }), { status: 200 })
  t.match((await send('GET', '/environments/dev/secrets/a')).headers.get('cache-status'), /hit/)
})
