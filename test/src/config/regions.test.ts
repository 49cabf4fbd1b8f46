import t from 'tap'
import { stringify } from 'yaml'
import { parseConfig } from '#src/config/load'
import { stsRegion } from '#src/credentials/definition'

const policies = t.testdir({ 'all.cedar': '@id("all")\npermit (principal, action, resource);\n' })
const base = { kind: 'default-chain' }
const role = (partition: string, more: object = {}): object =>
  ({ kind: 'assume-role', roleArn: `arn:${partition}:iam::111122223333:role/gateway`, source: 'base', ...more })

interface File {
  environment?: object
  credentials?: Record<string, object>
  more?: object
}

/** Returns a configuration whose only environment uses the first credential. */
const file = ({ environment = {}, credentials = { base }, more = {} }: File): string => stringify({
  environments: { dev: { region: 'eu-west-1', credential: Object.keys(credentials)[0], ...environment } },
  credentials,
  authentication: { apiKeys: [] },
  authorization: { policies },
  ...more
})

const login = (regions: readonly string[]): object =>
  ({ authentication: { aws: { serverId: 'gateway', regions, identities: [{ account: '111122223333' }] } } })

const events = (region: string): object => ({ cache: { events: [{ queueUrl: 'https://sqs.amazonaws.com/1/q', region, credential: 'base' }] } })

t.test('a region that AWS does not have is refused, with the most similar existing regions', async (t) => {
  const close = 'a region of AWS, such as eu-west-1, eu-west-2, eu-west-3'
  const issues: readonly (readonly [File, string])[] = [
    [{ environment: { region: 'eu-wset-1' } }, 'environments.dev.region: found eu-wset-1, expected a region of AWS, such as eu-west-1, eu-west-2, eu-west-3'],
    [{ environment: { region: 'eu-west-9' } }, `environments.dev.region: found eu-west-9, expected ${close}`],
    [{ environment: { region: 'us-gov-wst-1' } }, 'environments.dev.region: found us-gov-wst-1, expected a region of AWS, such as us-gov-west-1, us-gov-east-1, us-iso-west-1'],
    [{ environment: { replicaRegions: ['eu-central-1', 'eu-west-9'] } }, `environments.dev.replicaRegions: found eu-west-9, expected ${close}`],
    [{ credentials: { base: { ...base, region: 'eu-west-9' } } }, `credentials.base.region: found eu-west-9, expected ${close}`],
    [{ more: events('eu-west-9') }, `cache.events.0.region: found eu-west-9, expected ${close}`],
    [{ more: login(['eu-west-1', 'eu-west-9']) }, `authentication.aws.regions: found eu-west-9, expected ${close}`]
  ]
  for (const [declared, message] of issues) t.throws(() => parseConfig(file(declared)), { message }, message)
})

t.test('credentials and environments belong to one partition', async (t) => {
  const china = { region: 'cn-north-1' }
  const issues: readonly (readonly [File, readonly string[]])[] = [
    [{ environment: { ...china, replicaRegions: ['cn-northwest-1', 'eu-west-1'] } }, ['environments.dev.replicaRegions: found the partition aws, expected aws-cn, the partition of environments.dev.region']],
    [
      { environment: { ...china, kmsKeyId: 'arn:aws:kms:cn-north-1:111122223333:alias/a' } },
      ['environments.dev.kmsKeyId: found the partition aws, expected aws-cn, the partition of environments.dev.region']
    ],
    [{ environment: china, more: events('eu-west-1') }, ['cache.events.0.region: found the partition aws, expected aws-cn, the partition of environments.dev.region']],
    [
      { environment: china, credentials: { a: role('aws'), base } },
      ['environments.dev.region: found the partition aws-cn, expected aws, the partition of credentials.a.roleArn']
    ],
    [
      { credentials: { a: role('aws-us-gov', { region: 'us-west-2' }), base } },
      [
        'credentials.a.region: found the partition aws, expected aws-us-gov, the partition of credentials.a.roleArn',
        'environments.dev.region: found the partition aws, expected aws-us-gov, the partition of credentials.a.roleArn'
      ]
    ],
    [{ credentials: { a: role('aws'), b: role('aws-cn'), base } }, ['credentials.b.roleArn: found the partition aws-cn, expected aws, the partition of credentials.a.roleArn']],
    [
      { environment: china, credentials: { base: { ...base, region: 'eu-west-1' } } },
      ['environments.dev.region: found the partition aws-cn, expected aws, the partition of credentials.base.region']
    ],
    [
      { credentials: { a: role('aws-nowhere'), base } },
      ['credentials.a.roleArn: found the partition aws-nowhere, expected one of: aws, aws-cn, aws-eusc, aws-iso, aws-iso-b, aws-iso-e, aws-iso-f, aws-us-gov']
    ]
  ]
  for (const [declared, messages] of issues) t.throws(() => parseConfig(file(declared)), { message: messages.join('\n') }, messages.join())
  const two = { dev: { region: 'eu-west-1', credential: 'base' }, beijing: { region: 'cn-north-1', credential: 'base' } }
  const message = 'environments.beijing.region: found the partition aws-cn, expected aws, the partition of environments.dev.region'
  t.throws(() => parseConfig(file({ more: { environments: two } })), { message }, 'one credential in two partitions')
})

t.test('each partition can be used, with its own credentials', async (t) => {
  const arn = 'arn:aws-cn:kms:cn-north-1:111122223333:alias/a'
  const { credentials, environments } = parseConfig(file({
    credentials: { base, china: { kind: 'profile', profile: 'china' }, a: role('aws-cn', { source: 'china' }), spare: role('aws-us-gov', { source: 'gov' }), gov: { kind: 'profile', profile: 'gov' } },
    more: {
      environments: {
        dev: { region: 'eu-west-1', credential: 'base', kmsKeyId: 'alias/a' },
        beijing: { region: 'cn-north-1', credential: 'a', replicaRegions: ['cn-northwest-1'], kmsKeyId: arn }
      },
      ...login(['eu-west-1', 'cn-north-1', 'us-gov-west-1'])
    }
  }))
  const regionOf = (id: string): string => stsRegion(credentials, environments.values(), id)
  t.equal(regionOf('china'), 'cn-north-1')
  t.equal(regionOf('spare'), 'us-gov-west-1', 'STS is asked in the role\'s partition even if no environment uses the role')
})
