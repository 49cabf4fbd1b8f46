import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { loadConfig, parseConfig } from '#src/config/load'

const policy = '@id("all") permit (principal, action, resource);'
const hash = (digit: string): string => `sha256:${digit.repeat(64)}`

const file = (authentication: object, more: object = {}): string => stringify({
  environments: { dev: { region: 'eu-west-1', credential: 'base' } },
  credentials: { base: { kind: 'default-chain' } },
  authentication,
  authorization: { policies: '.' },
  ...more
})

const issuer = { name: 'corp', issuer: 'https://idp.example.com', audience: 'secrets-gateway', algorithms: ['RS256'] }
const aws = { serverId: 'secrets.example.com', regions: ['eu-west-1'], identities: [{ account: '111122223333' }] }

t.test('an issue with authentication contains the key', async (t) => {
  const folder = t.testdir({
    'empty.pem': '',
    'rsa.pem': generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'policy.cedar': policy
  })
  const oidc = (change: object): object => ({ oidc: [{ ...issuer, ...change }] })
  const cases: [object, RegExp][] = [
    [oidc({ audience: '' }), /^authentication\.oidc\.0\.audience: found a string of 0 characters, expected a non-empty string without white space$/],
    [oidc({ audience: ' ' }), /^authentication\.oidc\.0\.audience: found a string of 1 characters/],
    [oidc({ audience: null }), /^authentication\.oidc\.0\.audience: found null, expected string/],
    [oidc({ audience: [] }), /^authentication\.oidc\.0\.audience: found a list, expected string/],
    [{ oidc: [{ name: 'corp', issuer: 'https://idp.example.com', algorithms: ['RS256'] }] }, /^authentication\.oidc\.0\.audience: found nothing, expected a value/],
    [oidc({ issuer: '' }), /^authentication\.oidc\.0\.issuer: found a string of 0 characters/],
    [oidc({ issuer: 'http://idp.example.com' }), /^authentication\.oidc\.0\.issuer: found http:\/\/idp\.example\.com, expected an https URL, or http on the loopback interface/],
    [oidc({ issuer: 'idp' }), /^authentication\.oidc\.0\.issuer: found idp/],
    [oidc({ jwksUri: 'http://idp.example.com/jwks' }), /^authentication\.oidc\.0\.jwksUri: /],
    [oidc({ algorithms: [] }), /^authentication\.oidc\.0\.algorithms: /],
    [oidc({ algorithms: ['HS256'] }), /^authentication\.oidc\.0\.algorithms\.0: found a string of 5 characters, expected one of: RS256/],
    [oidc({ algorithms: ['none'] }), /^authentication\.oidc\.0\.algorithms\.0: /],
    [oidc({ name: 'aws' }), /^authentication\.oidc\.0\.name: found aws, expected a name of its own, and none of aws, dns, spiffe/],
    [oidc({ name: 'a:b' }), /^authentication\.oidc\.0\.name: found a string of 3 characters, expected a prefix for the IDs and groups of its callers: letters, digits/],
    [{ oidc: [issuer, { ...issuer, issuer: 'https://other.example.com' }] }, /^authentication\.oidc\.1\.name: found corp/],
    [{ oidc: [issuer, { ...issuer, name: 'other' }] }, /^authentication\.oidc\.1\.issuer: found https:\/\/idp\.example\.com, expected an issuer that is not declared already/],
    [{ aws: { ...aws, identities: [] } }, /^authentication\.aws\.identities: /],
    [{ aws: { ...aws, identities: [{ account: 'production' }] } }, /^authentication\.aws\.identities\.0\.account: found a string of 10 characters, expected the ID of an AWS account: 12 digits$/],
    [{ aws: { ...aws, identities: [{ account: '111122223333', uniqueId: 'role/payments' }] } }, /^authentication\.aws\.identities\.0\.uniqueId: found a string of 13 characters, expected the unique ID of a user \(AIDA\.\.\.\) or a role/],
    [{ aws: { ...aws, identities: [{ account: '111122223333', arn: 'arn:aws:iam::111122223333:role/payments' }] } }, /^authentication\.aws\.identities\.0\.arn: found a key that is not known/],
    [{ aws: { ...aws, serverId: '' } }, /^authentication\.aws\.serverId: found a string of 0 characters, expected a name unique to this gateway/],
    [{ aws: { ...aws, regions: ['evil.example/'] } }, /^authentication\.aws\.regions\.0: found a string of 13 characters, expected the code of an AWS region, such as eu-west-1$/],
    [{ aws: { ...aws, tokenKeyFiles: ['none.pem'] } }, /^authentication\.aws\.tokenKeyFiles\.0: found ENOENT on reading .*\/none\.pem, expected a file that can be read/],
    [{ aws: { ...aws, tokenKeyFiles: ['empty.pem'] } }, /^authentication\.aws\.tokenKeyFiles\.0: found another file, expected an Ed25519 private key in PEM/],
    [{ aws: { ...aws, tokenKeyFiles: ['rsa.pem'] } }, /^authentication\.aws\.tokenKeyFiles\.0: found a key of another kind, expected an Ed25519/],
    [{ apiKeys: [{ id: 'bot', hash: hash('a'), expires: '2027-99-99' }] }, /^authentication\.apiKeys\.0\.expires: found 2027-99-99/],
    [{ apiKeys: [{ id: 'bot', hash: hash('a'), expires: '2027-02-30' }] }, /^authentication\.apiKeys\.0\.expires: found 2027-02-30/],
    [{ apiKeys: [{ id: 'bot', hash: hash('a') }, { id: 'other', hash: hash('a') }] }, /^authentication\.apiKeys\.1\.hash: found the hash of another key/],
    [{ apiKeys: [{ id: 'bot', hash: hash('a'), groups: ['a', 'b'] }, { id: 'bot', hash: hash('b'), groups: ['b'] }] }, /^authentication\.apiKeys\.1\.groups: found b, expected the groups of the other key of bot: a, b/],
    [{ apiKeys: [{ id: 'corp:alice', hash: hash('a') }] }, /^authentication\.apiKeys\.0\.id: /],
    [{ groups: { 'corp:x': { callers: ['a'] } } }, /^authentication\.groups\.corp:x: /]
  ]
  for (const [authentication, message] of cases) t.throws(() => parseConfig(file(authentication), folder), { name: 'ConfigError', message }, message.source)
  t.throws(() => parseConfig(file({ aws }, { aws: { stsEndpoint: 'http://sts.example.com' } }), folder), { message: /^aws\.stsEndpoint: found http:\/\/sts\.example\.com, expected an https URL/ })
  t.throws(() => parseConfig(file({ aws }, { aws: { endpoint: 'http://sts.example.com' } }), folder), { message: /^aws\.stsEndpoint: / }, 'the STS endpoint defaults to the endpoint')
})

t.test('file paths are relative to the configuration\'s folder', async (t) => {
  const key = generateKeyPairSync('ed25519').privateKey
  const folder = t.testdir({ keys: { 'a.pem': key.export({ type: 'pkcs8', format: 'pem' }).toString() }, 'policy.cedar': policy })
  const apiKeys = [{ id: 'bot', hash: hash('a'), groups: ['a', 'b'] }, { id: 'bot', hash: hash('b'), groups: ['b', 'a'] }]
  await writeFile(join(folder, 'gateway.yaml'), file({ apiKeys, oidc: [issuer], aws: { ...aws, tokenKeyFiles: ['keys/a.pem'] } }))
  const { authentication } = loadConfig(join(folder, 'gateway.yaml'))
  t.ok(authentication.aws?.keys[0]?.equals(key))
  t.match(authentication, { apiKeys: [{ id: 'bot' }, { id: 'bot' }], oidc: [issuer], groups: {} })
})

t.test('all members are optional', async (t) => {
  const folder = t.testdir({ 'policy.cedar': policy })
  t.same(parseConfig(file({}), folder).authentication, { apiKeys: [], oidc: [], groups: {} })
})
