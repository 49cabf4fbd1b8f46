import { join } from 'node:path'
import t from 'tap'
import { configFrom } from '#src/config/config'
import { build, declared, type Gateway } from '#test/helper'
import { until } from '#test/until'

// The profiles exist, so that there is no warning.
process.env.AWS_SHARED_CREDENTIALS_FILE = join(t.testdir({ credentials: '[a]\nregion = eu-west-1\n[b]\nregion = eu-west-1\n' }), 'credentials')

const profile = (name: string): { kind: 'profile', profile: string } => ({ kind: 'profile', profile: name })
const credentials = { ...declared.credentials, a: profile('a'), b: profile('b') }
const apart = { ...declared.environments }
const overlapping = {
  ...declared.environments,
  one: { region: 'eu-west-1', credential: 'a', namePrefix: 'one/' },
  other: { region: 'eu-west-1', credential: 'b', namePrefix: 'one/other/' }
}

const warnings = ({ log }: Gateway): unknown[] => log.map((line) => JSON.parse(line) as { level: string, msg: string, warning?: string })
  .filter(({ msg }) => msg === 'configuration').map(({ level, warning }) => [level, warning])

const expected = ['warn', 'The name prefix of one covers that of other in eu-west-1. Set the account of both environments, so that the gateway ' +
  'can tell whether one of them exposes the secrets of the other.']

t.test('the warnings about a configuration are logged at the start and after each reload', async (t) => {
  const gateway = await build(t, { credentials, environments: overlapping })
  t.same(warnings(gateway), [expected])
  const { config } = gateway.fastify
  const reload = (environments: object): void => {
    const { aws, ...rest } = config.current
    config.replace({ ...rest, aws, environments: configFrom({ ...declared, credentials, environments: environments as typeof apart }).environments })
  }
  reload(apart)
  t.same(warnings(gateway), [expected], 'nothing to warn of')
  reload(overlapping)
  t.same(warnings(gateway), [expected, expected])
})

t.test('a configuration that is refused causes no warnings', async (t) => {
  const gateway = await build(t, { credentials })
  const { config } = gateway.fastify
  const { environments } = configFrom({ ...declared, credentials, environments: overlapping })
  t.throws(() => {
    config.replace({ ...config.current, environments, audit: { ...config.current.audit, durability: 'synced' } })
  }, { name: 'ConfigError' })
  t.same(warnings(gateway), [])
})

t.test('the metrics show that the last reload was refused', async (t) => {
  const { fastify: { config, metrics } } = await build(t)
  const isRefused = (): string | undefined => /^secrets_gateway_configuration_refused (\d)$/m.exec(metrics.text())?.[1]
  t.equal(isRefused(), '0')
  const mistakes: Record<string, () => typeof config.current> = {
    'it can not be loaded': () => { throw new Error('not YAML') },
    'it can not be used': () => ({ ...config.current, audit: { ...config.current.audit, durability: 'synced' } })
  }
  for (const [what, load] of Object.entries(mistakes)) {
    config.reload(() => config.current)
    t.equal(isRefused(), '0', what)
    t.throws(() => { config.reload(load) }, { message: /./ }, what)
    t.equal(isRefused(), '1', what)
  }
})

t.test('keys that do not exist are logged at the start and after each reload', async (t) => {
  const gateway = await build(t, { credentials: { ...credentials, gone: profile('gone') } })
  const missing = ['warn', 'The credential gone needs the profile gone, which does not exist on this machine.']
  t.same(warnings(gateway), [missing])
  gateway.fastify.config.replace({ ...gateway.fastify.config.current })
  await until(() => warnings(gateway).length > 1)
  t.same(warnings(gateway), [missing, missing])
})
