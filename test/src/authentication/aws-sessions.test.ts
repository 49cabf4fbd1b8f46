import { generateKeyPairSync } from 'node:crypto'
import { SignJWT } from 'jose'
import t from 'tap'
import { hashToken } from '#src/authentication/api-keys'
import { authenticator, type AuthenticationSettings } from '#src/authentication/authenticator'
import { awsSessions, type AwsSessions } from '#src/authentication/aws-sessions'
import { caller, type Identity, type Proof } from '#src/authentication/caller'
import { issueToken } from '#src/authentication/gateway-token'
import type { OidcIssuer } from '#src/authentication/oidc'

const now = Date.parse('2026-11-30T12:00:00Z')
const hour = 3_600_000
const newKey = () => generateKeyPairSync('ed25519').privateKey
const key = newKey()
const issuerKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const corp: OidcIssuer = { name: 'corp', issuer: 'https://issuer.example', audience: 'a', algorithms: ['ES256'], groupsClaim: 'groups' }
const aws = { serverId: 'a', regions: ['eu-west-1'], identities: [{ account: '111122223333', groups: ['roles'] }], keys: [] }
const settings: AuthenticationSettings = {
  apiKeys: [{ id: 'bot', hash: hashToken('token'), groups: ['pipelines'], expires: '2026-11-30T12:30:00Z' }],
  oidc: [corp],
  aws,
  groups: { all: { callers: ['bot', 'corp:alice', 'aws:111122223333:AROAEXAMPLEEXAMPLEID', 'dns:web'] } }
}

const keysOf = () => async () => issuerKeys.publicKey

/** Returns the sessions of a gateway with these settings. */
function sessionsOf (change: Partial<AuthenticationSettings> = {}, authorities: string | undefined = 'ca', verify = [key]): AwsSessions {
  const { recognize } = authenticator({ ...settings, ...change }, authorities, keysOf, { sign: key, verify }, () => 0)
  return awsSessions({ sign: verify[0] ?? key, verify }, recognize)
}

/** Returns the proof of a caller that has authenticated with a token. */
async function proofOf (token: string): Promise<Proof> {
  const { identify } = authenticator(settings, 'ca', keysOf, { sign: key, verify: [key] }, () => 0)
  return (await identify({ authorization: `Bearer ${token}`, certificate: () => undefined }, now, '')).proof
}

const end = now / 1_000 + 60
const claims = { iss: corp.issuer, aud: 'a', sub: 'alice', exp: end, groups: ['developers'] }
const signIn = { subject: 'aws:111122223333:AROAEXAMPLEEXAMPLEID', audience: 'a', lifetime: 60 }

const proofs = {
  'an API key': await proofOf('token'),
  'an OIDC token': await proofOf(await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(issuerKeys.privateKey)),
  'an AWS identity': await proofOf((await issueToken({ sign: key, verify: [key] }, signIn, now)).token),
  'a client certificate': { method: 'mtls', id: 'dns:web', hash: 'ca' }
} satisfies Record<string, Proof>

t.test('keys identify callers of every authentication method, until the configuration no longer accepts them', async (t) => {
  for (const [what, proof] of Object.entries(proofs)) {
    const { accessKeyId, secretAccessKey, sessionToken } = sessionsOf().issue({ proof, expires: Infinity }, now)
    const opened = sessionsOf().open(accessKeyId, sessionToken, now)
    t.equal(opened.secretAccessKey, secretAccessKey, `${what}: another replica derives the same key`)
    t.match(opened.principal, { id: proof.id, method: proof.method }, what)
    t.ok(opened.principal.groups.includes('all'), `${what}: the groups of the configuration are added`)
    const without = sessionsOf({ apiKeys: [], oidc: [], aws: { ...aws, identities: [{ account: '444455556666' }] } }, 'another')
    t.throws(() => without.open(accessKeyId, sessionToken, now), { code: 'unauthenticated' }, `${what}: it is gone`)
  }
  const oidc = sessionsOf().issue({ proof: proofs['an OIDC token'], expires: Infinity }, now)
  t.same(sessionsOf().open(oidc.accessKeyId, oidc.sessionToken, now).principal.groups, ['corp:developers', 'all'])
  const { aws: _, ...noAws } = settings
  const ofRole = sessionsOf().issue({ proof: proofs['an AWS identity'], expires: Infinity }, now)
  const { recognize } = authenticator(noAws, 'ca', keysOf, { sign: key, verify: [key] }, () => 0)
  t.throws(() => awsSessions({ sign: key, verify: [key] }, recognize).open(ofRole.accessKeyId, ofRole.sessionToken, now), { code: 'unauthenticated' })
})

t.test('keys end when the settings that the caller\'s token was verified with change', async (t) => {
  const recognize = (what: keyof typeof proofs, change: Partial<AuthenticationSettings>) => () => {
    const { accessKeyId, sessionToken } = sessionsOf().issue({ proof: proofs[what], expires: Infinity }, now)
    return sessionsOf(change).open(accessKeyId, sessionToken, now)
  }
  const changes: readonly Partial<OidcIssuer>[] = [
    { issuer: 'https://another.example' }, { audience: 'another' }, { algorithms: ['RS256'] }, { groupsClaim: 'roles' }, { typ: 'at+jwt' },
    { jwksUri: 'https://another.example/keys' }
  ]
  for (const change of changes) t.throws(recognize('an OIDC token', { oidc: [{ ...corp, ...change }] }), { code: 'unauthenticated' }, JSON.stringify(change))
  t.throws(recognize('an AWS identity', { aws: { ...aws, serverId: 'another' } }), { code: 'unauthenticated' }, 'another server ID')
  const another: OidcIssuer = { ...corp, name: 'another', issuer: 'https://another.example' }
  t.match(recognize('an OIDC token', { oidc: [another, corp] })(), { principal: { id: 'corp:alice' } }, 'other issuers do not matter')
  t.match(recognize('an AWS identity', { oidc: [], aws: { ...aws, maximumAgeSeconds: 10 } })(), { principal: { id: signIn.subject } })
})

t.test('keys expire with the caller\'s token or certificate, and after an hour', async (t) => {
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

t.test('an invalid session token is refused', async (t) => {
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
    .map((more) => issue({ proof: { ...proofs['an OIDC token'], groups: ['!'.repeat(more)] }, expires: Infinity }, now))
    .filter(({ sessionToken }) => sessionToken.endsWith('='))
  const { accessKeyId = '', sessionToken = '' } = keys ?? {}
  t.ok(open(accessKeyId, sessionToken, now))
  for (const spelling of [`!!!!${sessionToken}`, `${sessionToken.slice(0, 8)}!${sessionToken.slice(8)}`, sessionToken.replace(/=+$/, ''), `${sessionToken}=`, `${sessionToken}AAAA`]) {
    t.throws(() => open(accessKeyId, spelling, now), { name: 'UnrecognizedClientException' }, spelling)
  }
})

t.test('a client certificate identifies its owner as long as it is valid', async (t) => {
  const { identify } = authenticator(settings, 'ca', keysOf, { sign: key, verify: [key] }, () => 0)
  const identity: Identity = { caller: caller('mtls', 'dns:web'), expires: now + 5, proof: proofs['a client certificate'] }
  t.match(await identify({ authorization: undefined, certificate: () => identity }, now, ''), { caller: { id: 'dns:web', groups: ['all'] }, expires: now + 5 })
})
