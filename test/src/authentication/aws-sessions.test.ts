import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { hashToken } from '#src/authentication/api-keys'
import { authenticator, type AuthenticationSettings } from '#src/authentication/authenticator'
import { awsSessions, type AwsSessions } from '#src/authentication/aws-sessions'
import { caller, type Identity, type Proof } from '#src/authentication/caller'

const now = Date.parse('2026-11-30T12:00:00Z')
const hour = 3_600_000
const newKey = () => generateKeyPairSync('ed25519').privateKey
const key = newKey()

const settings: AuthenticationSettings = {
  apiKeys: [{ id: 'bot', hash: hashToken('token'), groups: ['pipelines'], expires: '2026-11-30T12:30:00Z' }],
  oidc: [{ name: 'corp', issuer: 'https://issuer.example', audience: 'a', algorithms: ['ES256'] }],
  aws: { serverId: 'a', regions: ['eu-west-1'], identities: [{ account: '111122223333', groups: ['roles'] }], keys: [] },
  groups: { all: { callers: ['bot', 'corp:alice', 'aws:111122223333:AROAEXAMPLEEXAMPLEID', 'dns:web'] } }
}

const noKeys = () => async () => { throw new TypeError('No issuer is asked') }

/** Returns the sessions of a gateway with these settings. */
function sessionsOf (change: Partial<AuthenticationSettings> = {}, authorities: string | undefined = 'ca', verify = [key]): AwsSessions {
  const { recognize } = authenticator({ ...settings, ...change }, authorities, noKeys, { sign: key, verify }, () => 0)
  return awsSessions({ sign: verify[0] ?? key, verify }, recognize)
}

const proofs = {
  'an API key': { method: 'api-key', id: 'bot', hash: hashToken('token') },
  'an OIDC token': { method: 'oidc', id: 'corp:alice', groups: ['corp:developers'] },
  'an AWS identity': { method: 'aws', id: 'aws:111122223333:AROAEXAMPLEEXAMPLEID' },
  'a client certificate': { method: 'mtls', id: 'dns:web', hash: 'ca' }
} as const satisfies Record<string, Proof>

t.test('keys recognize callers of every method, until the configuration no longer accepts them', async (t) => {
  for (const [what, proof] of Object.entries(proofs)) {
    const { accessKeyId, secretAccessKey, sessionToken } = sessionsOf().issue({ proof, expires: Infinity }, now)
    const opened = sessionsOf().open(accessKeyId, sessionToken, now)
    t.equal(opened.secretAccessKey, secretAccessKey, `${what}: another replica derives the same key`)
    t.match(opened.principal, { id: proof.id, method: proof.method }, what)
    t.ok(opened.principal.groups.includes('all'), `${what}: the groups of the configuration are added`)
    const without = sessionsOf({ apiKeys: [], oidc: [], aws: { ...settings.aws, serverId: 'a', regions: [], keys: [], identities: [{ account: '444455556666' }] } }, 'another')
    t.throws(() => without.open(accessKeyId, sessionToken, now), { code: 'unauthenticated' }, `${what}: it is gone`)
  }
  const oidc = sessionsOf().issue({ proof: proofs['an OIDC token'], expires: Infinity }, now)
  t.same(sessionsOf().open(oidc.accessKeyId, oidc.sessionToken, now).principal.groups, ['corp:developers', 'all'])
  const { aws: _, ...noAws } = settings
  const aws = sessionsOf().issue({ proof: proofs['an AWS identity'], expires: Infinity }, now)
  const { recognize } = authenticator(noAws, 'ca', noKeys, { sign: key, verify: [key] }, () => 0)
  t.throws(() => awsSessions({ sign: key, verify: [key] }, recognize).open(aws.accessKeyId, aws.sessionToken, now), { code: 'unauthenticated' })
})

t.test('keys end with what identified the caller, and after an hour', async (t) => {
  const { open, issue } = sessionsOf()
  const proof = proofs['an OIDC token']
  t.equal(issue({ proof, expires: now + 1_000 }, now).expires, now + 1_000)
  const keys = issue({ proof, expires: Infinity }, now)
  t.equal(keys.expires, now + hour)
  t.ok(open(keys.accessKeyId, keys.sessionToken, keys.expires - 1))
  t.throws(() => open(keys.accessKeyId, keys.sessionToken, keys.expires), { name: 'ExpiredTokenException' })
  const bot = issue({ proof: proofs['an API key'], expires: Infinity }, now)
  t.throws(() => open(bot.accessKeyId, bot.sessionToken, now + hour / 2), { code: 'unauthenticated' }, 'an API key that has expired since')
})

t.test('keys of the gateway\'s tokens can be replaced', async (t) => {
  const next = newKey()
  const proof = proofs['an OIDC token']
  const before = sessionsOf().issue({ proof, expires: Infinity }, now)
  const both = sessionsOf({}, 'ca', [next, key])
  t.equal(both.open(before.accessKeyId, before.sessionToken, now).secretAccessKey, before.secretAccessKey)
  const after = both.issue({ proof, expires: Infinity }, now)
  t.throws(() => sessionsOf().open(after.accessKeyId, after.sessionToken, now), { name: 'UnrecognizedClientException' })
})

t.test('a session token that is not one', async (t) => {
  const { open, issue } = sessionsOf()
  const { accessKeyId, sessionToken } = issue({ proof: proofs['an OIDC token'], expires: Infinity }, now)
  const bytes = Buffer.from(sessionToken, 'base64')
  for (const position of [0, 20, bytes.length - 1]) {
    const changed = Buffer.from(bytes)
    changed[position] = (changed[position] ?? 0) ^ 1
    t.throws(() => open(accessKeyId, changed.toString('base64'), now), { name: 'UnrecognizedClientException' }, `byte ${position}`)
  }
  for (const token of [undefined, '', 'x', sessionToken.slice(0, -8)]) t.throws(() => open(accessKeyId, token, now), { name: 'UnrecognizedClientException' })
  t.throws(() => open('ASIAAAAAAAAAAAAAAAAA', sessionToken, now), { name: 'UnrecognizedClientException' })
})

t.test('another spelling of a session token', async (t) => {
  const { open, issue } = sessionsOf()
  // The token of at least one of these lengths ends with padding, which Base64 decoders do not need.
  const [keys] = [0, 1, 2]
    .map((more) => issue({ proof: { method: 'oidc', id: `corp:alice${'!'.repeat(more)}` }, expires: Infinity }, now))
    .filter(({ sessionToken }) => sessionToken.endsWith('='))
  const { accessKeyId = '', sessionToken = '' } = keys ?? {}
  t.ok(open(accessKeyId, sessionToken, now))
  for (const spelling of [`!!!!${sessionToken}`, `${sessionToken.slice(0, 8)}!${sessionToken.slice(8)}`, sessionToken.replace(/=+$/, ''), `${sessionToken}=`, `${sessionToken}AAAA`]) {
    t.throws(() => open(accessKeyId, spelling, now), { name: 'UnrecognizedClientException' }, spelling)
  }
})

t.test('a client certificate identifies its owner as long as it is valid', async (t) => {
  const { identify } = authenticator(settings, 'ca', noKeys, { sign: key, verify: [key] }, () => 0)
  const identity: Identity = { caller: caller('mtls', 'dns:web'), expires: now + 5, proof: proofs['a client certificate'] }
  t.match(await identify({ authorization: undefined, certificate: () => identity }, now, ''), { caller: { id: 'dns:web', groups: ['all'] }, expires: now + 5 })
})
