import t from 'tap'
import { stringify } from 'yaml'
import { parseConfig } from '#src/config/load'

const policies = t.testdir({ 'all.cedar': '@id("all")\npermit (principal, action, resource);\n' })
const vpc = 'https://vpce-1-2.secretsmanager.eu-west-1.vpce.amazonaws.com'
const sts = 'https://sts.eu-west-1.amazonaws.com'

const file = (credential: object, aws: object = {}, more: object = {}): string => stringify({
  environments: { dev: { region: 'eu-west-1', credential: 'base' }, ...more },
  credentials: { base: { kind: 'default-chain', ...credential } },
  authentication: { apiKeys: [] },
  authorization: { policies },
  aws
})

t.test('settings of endpoints that contradict each other are refused', async (t) => {
  const contradiction = 'found true together with a custom endpoint, expected one of the two'
  const frankfurt = { prod: { region: 'eu-central-1', credential: 'base' } }
  const issues: readonly (readonly [string, string])[] = [
    [file({}, { endpoint: 'http://127.0.0.1:4566', useFipsEndpoint: true }), `aws.useFipsEndpoint: ${contradiction}`],
    [file({}, { stsEndpoint: sts, useDualstackEndpoint: true }), `aws.useDualstackEndpoint: ${contradiction}`],
    [file({ useFipsEndpoint: true }, { endpoint: 'http://127.0.0.1:4566' }), `credentials.base.useFipsEndpoint: ${contradiction}`],
    [file({ endpoint: vpc, stsEndpoint: sts }, { useDualstackEndpoint: true }), `credentials.base.useDualstackEndpoint: ${contradiction}`],
    [file({ endpoint: vpc }), 'credentials.base.stsEndpoint: found an endpoint of Secrets Manager, expected one of STS'],
    [
      file({ stsEndpoint: 'https://vpce-1.secretsmanager-fips.eu-west-1.vpce.amazonaws.com' }),
      'credentials.base.stsEndpoint: found an endpoint of Secrets Manager, expected one of STS'
    ],
    [
      file({ endpoint: vpc, stsEndpoint: sts }, {}, frankfurt),
      'credentials.base.endpoint: found an endpoint in eu-west-1, expected one in eu-central-1, where the credential is used'
    ],
    [
      file({ stsEndpoint: sts, region: 'us-east-1' }),
      'credentials.base.stsEndpoint: found an endpoint in eu-west-1, expected one in us-east-1, where the credential is used'
    ],
    [file({ endpoint: 'canary' }), 'credentials.base.endpoint: found a string of 6 characters, expected an http or https URL without a path']
  ]
  for (const [text, message] of issues) t.throws(() => parseConfig(text), { message }, message)
})

t.test('settings of endpoints that agree are accepted', async (t) => {
  for (const [credential, aws] of [
    [{ endpoint: vpc, stsEndpoint: sts }, {}],
    [{ endpoint: vpc, stsEndpoint: sts, useFipsEndpoint: false }, { useFipsEndpoint: true }],
    [{ useFipsEndpoint: true, useDualstackEndpoint: true }, {}],
    [{ stsEndpoint: 'http://[::1]:4567' }, { endpoint: 'http://127.0.0.1:4566' }]
  ] as const) {
    t.match(parseConfig(file(credential, aws)).credentials.get('base'), credential, JSON.stringify(credential))
  }
})
