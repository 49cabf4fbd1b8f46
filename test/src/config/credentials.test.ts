import t from 'tap'
import { stringify } from 'yaml'
import { parseConfig } from '#src/config/load'
import { stsRegion } from '#src/credentials/definition'

const roleArn = 'arn:aws:iam::111122223333:role/path/secrets-gateway'
const base = { kind: 'default-chain' }
const role = (source: string, more: object = {}): object => ({ kind: 'assume-role', roleArn, source, ...more })

const policies = t.testdir({ 'all.cedar': '@id("all")\npermit (principal, action, resource);\n' })

const file = (credentials: Record<string, object>, environment: object = {}): string => stringify({
  environments: { dev: { region: 'eu-west-1', credential: Object.keys(credentials)[0], ...environment } },
  credentials,
  authentication: { apiKeys: [] },
  authorization: { policies }
})

t.test('roles are declared with the source of their keys', async (t) => {
  const { credentials } = parseConfig(file({
    prod: role('hub', { externalId: 'a:b/c=1', durationSeconds: 3600 }),
    hub: role('base', { durationSeconds: 900, region: 'us-west-2' }),
    base,
    workload: { kind: 'web-identity', roleArn: 'arn:aws-cn:iam::111122223333:role/workload', tokenFile: '/var/run/token', durationSeconds: 43_200 }
  }))
  t.match(credentials.get('prod'), { kind: 'assume-role', source: 'hub', externalId: 'a:b/c=1' })
})

t.test('an issue with a role contains the key, the value found and the value expected', async (t) => {
  const chain = { a: role('b'), b: role('c'), c: role('d'), d: role('base'), base }
  const issues: readonly (readonly [string, string])[] = [
    [file({ a: role('nowhere'), base }), 'credentials.a.source: found nowhere, expected one of: a, base'],
    [file({ a: role('a') }), 'credentials.a.source: found a, expected a chain without a cycle'],
    [file({ a: role('b'), b: role('a') }), 'credentials.a.source: found a, b, expected a chain without a cycle\ncredentials.b.source: found b, a, expected a chain without a cycle'],
    [file(chain), 'credentials.a.source: found a, b, c, d, base, expected a chain of at most 4 credentials'],
    [file({ a: role('b', { durationSeconds: 3601 }), b: role('base'), base }), 'credentials.a.durationSeconds: found 3601, expected at most 3600: the source is a role, too'],
    [file({ a: role('base', { durationSeconds: 43_201 }), base }), 'credentials.a.durationSeconds: found number 43201, expected must be <= 43200'],
    [file({ a: { ...role('base'), roleArn: 'arn:aws:iam::111122223333:user/a' }, base }), 'credentials.a.roleArn: found a string of 32 characters, expected a string that matches ^arn:aws[a-z-]*:iam::\\d{12}:role/[!-~]+$'],
    [file({ a: { kind: 'web-identity', roleArn } }), 'credentials.a.tokenFile: found nothing, expected a value'],
    [file({ a: { ...role('base'), secretAccessKey: 'x' }, base }), 'credentials.a.secretAccessKey: found a key that is not known, expected no such key'],
    [file({ a: role('base'), base }, { account: '222233334444' }), 'environments.dev.account: found 222233334444, expected 111122223333, the account of the role of the credential a'],
    [file({ base, a: role('base') }, { account: '222233334444', allowedCredentials: ['a'] }), 'environments.dev.account: found 222233334444, expected 111122223333, the account of the role of the credential a'],
    [file({ base }, { account: 111_122_223_333 }), 'environments.dev.account: found number 111122223333, expected string'],
    [file({ base }, { account: '1234' }), 'environments.dev.account: found a string of 4 characters, expected a string that matches ^\\d{12}$']
  ]
  for (const [text, message] of issues) t.throws(() => parseConfig(text), { message }, message)
  t.ok(parseConfig(file({ a: role('base'), base }, { account: '111122223333' })))
  t.ok(parseConfig(file({ b: role('c'), c: role('d'), d: role('base'), base })), 'a chain of four')
})

t.test('the STS region is the credential\'s own, or that of an environment that may use it', async (t) => {
  const { credentials, environments } = parseConfig(file({ base, a: role('b'), b: role('base', { region: 'us-west-2' }), other: base, c: role('other') }, { allowedCredentials: ['c'] }))
  const regionOf = (id: string): string => stsRegion(credentials, environments.values(), id)
  t.equal(regionOf('base'), 'eu-west-1')
  t.equal(regionOf('other'), 'eu-west-1', 'through a role')
  t.equal(regionOf('b'), 'us-west-2')
  t.equal(regionOf('a'), 'us-east-1', 'not used by any environment')
})
