import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { liveConfig } from '#src/config/live'
import { loadConfig, parseConfig, readVariables } from '#src/config/load'

const hash = `sha256:${'0'.repeat(64)}`

const valid = {
  environments: {
    dev: { region: 'eu-west-1', credential: 'a' },
    prod: {
      region: 'eu-west-1',
      credential: 'b',
      allowedCredentials: ['a', 'b'],
      namePrefix: 'prod/',
      kmsKeyId: 'alias/prod',
      tags: { environment: 'prod' },
      recoveryWindowInDays: 7,
      deletionProtection: true,
      requiredSecrets: ['payments/db']
    }
  },
  credentials: {
    a: { kind: 'profile', profile: 'a' },
    b: { kind: 'environment', accessKeyIdVariable: 'A', secretAccessKeyVariable: 'B' },
    c: { kind: 'default-chain' }
  },
  authentication: { apiKeys: [{ id: 'bot', hash, groups: ['pipelines'], expires: '2027-01-01' }] },
  authorization: { policies: 'test/fixtures/policies' },
  aws: { endpoint: 'http://127.0.0.1:4566' }
}

t.test('a valid file is parsed, and defaults are filled in', async (t) => {
  const config = parseConfig(stringify(valid))
  t.same(config.environments.get('dev'), {
    name: 'dev',
    region: 'eu-west-1',
    credential: 'a',
    allowedCredentials: ['a'],
    namePrefix: 'dev/',
    tags: {},
    replicaRegions: [],
    recoveryWindowInDays: 30,
    deletionProtection: false,
    pendingDeletion: 'conflict',
    requiredSecrets: []
  })
  t.match(config.environments.get('prod'), { allowedCredentials: ['b', 'a'], kmsKeyId: 'alias/prod', recoveryWindowInDays: 7 })
  t.same(config.credentials.get('c'), { kind: 'default-chain' })
  const defaults = {
    quotaShare: 1, deadline: 10_000, stsDeadline: 15_000, slots: { foreground: 256, background: 32 }, queueLength: 2_000, queueTime: 3_000
  }
  t.same(config.aws, { ...defaults, endpoint: 'http://127.0.0.1:4566', stsEndpoint: 'http://127.0.0.1:4566' })
  t.same(parseConfig(stringify({ ...valid, aws: undefined })).aws, defaults)
  const bounds = { deadlineSeconds: 2.5, stsDeadlineSeconds: 4, slots: 10, backgroundSlots: 3, queueLength: 20, queueSeconds: 0.5 }
  t.match(parseConfig(stringify({ ...valid, aws: bounds })).aws, {
    deadline: 2_500, stsDeadline: 4_000, slots: { foreground: 10, background: 3 }, queueLength: 20, queueTime: 500
  })
})

t.test('an issue contains the key, the value found and the value expected', async (t) => {
  const { dev, prod } = valid.environments
  const issues: readonly (readonly [object, string | RegExp])[] = [
    [{ environments: {} }, 'environments: found an object, expected must NOT have fewer than 1 properties'],
    [{ environments: { dev: { credential: 'a' } } }, 'environments.dev.region: found nothing, expected a value'],
    [{ environments: { dev: { ...dev, region: 'Ireland' } } }, 'environments.dev.region: found a string of 7 characters, expected a string that matches ^([a-z]+-)+\\d+$'],
    [{ environments: { dev: { ...dev, colour: 'red' } } }, 'environments.dev.colour: found a key that is not known, expected no such key'],
    [{ environments: { 'a/b~c': dev } }, 'environments.a/b~c: found a key that is not known, expected no such key'],
    [{ environments: { dev: { ...dev, recoveryWindowInDays: 6 } } }, 'environments.dev.recoveryWindowInDays: found number 6, expected must be >= 7'],
    [{ environments: { dev: { ...dev, deletionProtection: 'yes' } } }, 'environments.dev.deletionProtection: found a string of 3 characters, expected boolean'],
    [{ environments: { dev: null } }, 'environments.dev: found null, expected object'],
    [{ environments: { dev: [] } }, 'environments.dev: found a list, expected object'],
    [{ cache: { events: [{ queueUrl: 'https://sqs.eu-west-1.amazonaws.com/1/q', region: 'eu-west-1', credential: 'x' }] } }, 'cache.events.0.credential: found x, expected one of: a, b, c'],
    [{ environments: { dev: { ...dev, credential: 'x' } } }, 'environments.dev: found the credential x, expected one of: a, b, c'],
    [{ environments: { dev: { ...dev, replicaRegions: ['eu-west-1'] } } }, 'environments.dev.replicaRegions: found eu-west-1, expected regions other than the environment\'s own'],
    [{ environments: { dev, prod: { ...prod, namePrefix: 'dev/x/' } } }, 'environments.dev.namePrefix: found "dev/", expected a prefix that does not cover that of prod, which also has secrets in eu-west-1, in the same AWS account'],
    [{ credentials: { ...valid.credentials, a: { kind: 'keys', secretAccessKey: 'canary' } } }, 'credentials.a: found an object, expected a kind that is one of: default-chain, profile, environment'],
    [{ credentials: { ...valid.credentials, a: { kind: 'profile' } } }, 'credentials.a.profile: found nothing, expected a value'],
    [{ authentication: { apiKeys: [{ id: 'a', hash: 'canary' }] } }, 'authentication.apiKeys.0.hash: found a string of 6 characters, expected the hash that `secretsctl keys create` prints: sha256: and 64 hexadecimal digits in lower case'],
    [{ authentication: { apiKeys: [{ id: 'a/canary', hash }] } }, 'authentication.apiKeys.0.id: found a string of 8 characters, expected a string that matches ^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'],
    [{ aws: { endpoint: 'http://127.0.0.1:4566/canary' } }, 'aws.endpoint: found a string of 28 characters, expected an http or https URL without a path'],
    [{ aws: { stsEndpoint: 'canary' } }, 'aws.stsEndpoint: found a string of 6 characters, expected an http or https URL without a path'],
    [{ authentication: { apiKeys: [{ id: 'a', hash }, { id: 'b', hash }] } }, 'authentication.apiKeys.1.hash: found the hash of another key, expected a key of its own'],
    [{ authentication: { apiKeys: [{ id: 'a', hash, expires: 'canary' }] } }, 'authentication.apiKeys.0.expires: found a string of 6 characters, expected the expiry time in UTC: 2027-06-30 or 2027-06-30T12:00:00Z'],
    [{ authentication: { apiKeys: [{ id: 'a', hash, expires: '2027-13-45' }] } }, 'authentication.apiKeys.0.expires: found 2027-13-45, expected a date that exists'],
    [{ environments: { dev: { ...dev, tags: { ['k'.repeat(129)]: 'v' } } } }, 'environments.dev.tags'],
    [{ authorization: { policies: 'test/fixtures/none' } }, /^.*test\/fixtures\/none:1: ENOENT on reading it$/],
    [{ authorization: { grants: [] } }, 'authorization.policies: found nothing, expected a value'],
    [{ environments: { prod } }, /^.*test\/fixtures\/policies\/pipelines\.cedar:1: Environment::"dev" is not declared\n.*pipelines\.cedar:5: Secret::"dev\/frozen" is not declared$/],
    [{ environments: { dev: { ...dev, credential: 'b' } }, credentials: { b: { kind: 'default-chain' } } }, /pipelines\.cedar:1: Credential::"a" is not declared$/]
  ]
  for (const [change, message] of issues) {
    try {
      parseConfig(stringify({ ...valid, ...change }))
      t.fail(`accepted: ${JSON.stringify(change)}`)
    } catch (error) {
      t.equal((error as Error).name, 'ConfigError')
      t.match((error as Error).message, message)
      t.notMatch((error as Error).message, 'canary')
    }
  }
})

t.test('prefixes must not overlap in the same account and region, whatever the credentials are called', async (t) => {
  const role = (account: string, name = 'gateway'): object => ({ kind: 'assume-role', roleArn: `arn:aws:iam::${account}:role/${name}`, source: 'c' })
  const account = { account: '111122223333' }
  const cases: readonly (readonly [string, { dev?: object, prod?: object, a?: object, b?: object, isRefused: boolean }])[] = [
    ['the same profile', { a: { kind: 'profile', profile: 'one' }, b: { kind: 'profile', profile: 'one', region: 'us-east-1' }, isRefused: true }],
    ['different profiles', { a: { kind: 'profile', profile: 'one' }, b: { kind: 'profile', profile: 'two' }, isRefused: false }],
    ['two default chains', { a: { kind: 'default-chain' }, b: { kind: 'default-chain' }, isRefused: true }],
    ['roles of one account', { a: role('111122223333'), b: role('111122223333', 'other'), isRefused: true }],
    ['roles of two accounts', { a: role('111122223333'), b: role('444455556666'), isRefused: false }],
    ['a role and a declared account', { a: role('111122223333'), prod: account, isRefused: true }],
    ['a role and another declared account', { a: role('444455556666'), prod: account, isRefused: false }],
    ['one account, declared twice', { dev: account, prod: account, isRefused: true }],
    ['two declared accounts', { dev: account, prod: { account: '444455556666' }, isRefused: false }],
    ['two declared accounts and one credential', { dev: account, prod: { account: '444455556666', credential: 'a' }, isRefused: false }],
    ['another region', { dev: account, prod: { ...account, region: 'us-east-1' }, isRefused: false }],
    ['replicas in the region of the other', { dev: { ...account, replicaRegions: ['us-east-1'] }, prod: { ...account, region: 'us-east-1' }, isRefused: true }],
    ['replicas in one region', { dev: { ...account, replicaRegions: ['us-east-1'] }, prod: { ...account, region: 'us-west-2', replicaRegions: ['us-east-1'] }, isRefused: true }],
    ['replicas under the same names', { dev: { ...account, namePrefix: 'dev/', replicaRegions: ['us-east-1'] }, prod: { ...account, region: 'us-east-1' }, isRefused: false }]
  ]
  for (const [title, { dev, prod, a = valid.credentials.a, b = valid.credentials.b, isRefused }] of cases) {
    const text = stringify({
      ...valid,
      environments: {
        dev: { ...valid.environments.dev, namePrefix: '', ...dev },
        prod: { region: 'eu-west-1', credential: 'b', namePrefix: 'dev/', ...prod }
      },
      credentials: { ...valid.credentials, a, b }
    })
    const message = /^environments\.dev\.namePrefix: found "", expected a prefix that does not cover that of prod, which also has secrets in [a-z]+-[a-z]+-\d, in the same AWS account$/
    if (isRefused) t.throws(() => parseConfig(text), { name: 'ConfigError', message }, title)
    else t.ok(parseConfig(text), title)
  }
})

t.test('prefixes may overlap without a common region or credential', async (t) => {
  const { dev, prod } = valid.environments
  t.ok(parseConfig(stringify({ ...valid, environments: { dev, prod: { ...prod, namePrefix: 'dev/', region: 'us-east-1' } } })))
  t.ok(parseConfig(stringify({ ...valid, environments: { dev, prod: { ...prod, namePrefix: 'dev/', allowedCredentials: ['b'] } } })))
})

t.test('all issues are reported together', async (t) => {
  t.throws(() => parseConfig(stringify({ ...valid, environments: { dev: { region: 1, credential: 2 } } })), /region[^]*credential/)
})

t.test('invalid YAML, and a YAML bomb', async (t) => {
  t.throws(() => parseConfig('a: [1'), { name: 'ConfigError', message: /^the file, at character \d+: found \w+, expected YAML$/ })
  t.throws(() => parseConfig('a: 1\na: 2'), { name: 'ConfigError', message: /DUPLICATE_KEY/ })
  t.throws(() => parseConfig(''), { name: 'ConfigError', message: 'the file: found null, expected object' })
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]', ...'bcdefgh'.split('').map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[index] ?? ''}`).join(', ')}]`)].join('\n')
  t.throws(() => parseConfig(bomb), { name: 'ConfigError', message: 'the file: found too many aliases, expected few' })
  const withAliases = (count: number): string => `a: &a x\nb: [${Array(count).fill('*a').join(', ')}]`
  t.throws(() => parseConfig(withAliases(99)), { name: 'ConfigError', message: /^a: /m }, 'only the keys are unknown')
  t.throws(() => parseConfig(withAliases(100)), { name: 'ConfigError', message: 'the file: found too many aliases, expected few' })
})

t.test('a file that cannot be read', async (t) => {
  const file = join(t.testdir({}), 'none.yaml')
  t.throws(() => loadConfig(file), { name: 'ConfigError', message: /^GATEWAY_CONFIG: found ENOENT on reading / })
})

t.test('environment variables', async (t) => {
  t.same(readVariables({ PATH: '/bin' }), {
    HOST: '127.0.0.1', PORT: 3000, GATEWAY_DATA_DIR: '.gateway', LOG_LEVEL: 'info', LOG_FORMAT: 'json', OTEL_SERVICE_NAME: 'secrets-gateway'
  })
  t.match(readVariables({ PORT: '0', GATEWAY_LOCAL: '1' }), { PORT: 0, GATEWAY_LOCAL: '1' })
  t.throws(() => readVariables({ PORT: '70000' }), { name: 'ConfigError', message: 'PORT: found number 70000, expected must be <= 65535' })
  t.throws(() => readVariables({ PORT: 'http' }), { message: /^PORT: found a string of 4 characters, expected integer/ })
  t.throws(() => readVariables({ LOG_LEVEL: 'loud' }), { message: /^LOG_LEVEL: [^]*fatal, error, warn/ })
  t.throws(() => readVariables({ GATEWAY_DEV_TOKEN: 'canary' }), { message: 'GATEWAY_DEV_TOKEN: found a string of 6 characters, expected a string that matches ^[A-Za-z0-9._~+/-]{16,}=*$' })
})

t.test('a live configuration is replaced as a whole or not at all', async (t) => {
  const config = parseConfig(stringify(valid))
  const live = liveConfig(config)
  const names = live.derive(({ environments }) => [...environments.keys()])
  const picky = live.derive(({ authentication: { apiKeys } }) => {
    if (apiKeys.length > 1) throw new RangeError('too many')
    return apiKeys.length
  })
  const { authentication } = config
  const twice = { ...authentication, apiKeys: [...authentication.apiKeys, ...authentication.apiKeys] }
  t.throws(() => { live.replace({ ...config, environments: new Map(), authentication: twice }) }, RangeError)
  t.same([names(), picky()], [['dev', 'prod'], 1])
  t.equal(live.current, config)
  live.replace({ ...config, environments: new Map() })
  t.same([names(), picky()], [[], 1])
})
