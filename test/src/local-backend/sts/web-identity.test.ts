import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { ListSecretsCommand } from '@aws-sdk/client-secrets-manager'
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient, type AssumeRoleWithWebIdentityCommandInput } from '@aws-sdk/client-sts'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose'
import t, { type Test } from 'tap'
import { startLocalBackend, type OperationEvent } from '#src/local-backend/server'
import { account, clientOf, rawRequest, region, stoppedClock } from '#test/src/local-backend/backend'
import { keysIn, role, roleArn, startWith, stsOf, trusts, type Statement } from './world.ts'

const issuer = 'https://idp.example.com/tenant'
const providerArn = `arn:aws:iam::${account.accountId}:oidc-provider/idp.example.com/tenant`
const clock = stoppedClock()
const seconds = Math.floor(clock.now / 1000)
const { privateKey, publicKey } = await generateKeyPair('RS256')
const { privateKey: otherKey } = await generateKeyPair('RS256')
const jwks = JSON.stringify({ keys: [{ ...await exportJWK(publicKey), kid: 'one', alg: 'RS256', use: 'sig' }] })

const claims = { iss: issuer, sub: 'system:serviceaccount:apps:payments', aud: 'sts.amazonaws.com', iat: seconds, exp: seconds + 600 }

const sign = async (payload: JWTPayload = claims, key: CryptoKey = privateKey, kid = 'one'): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid }).sign(key)

const without = (claim: keyof typeof claims): JWTPayload => Object.fromEntries(Object.entries(claims).filter(([name]) => name !== claim))

/** Returns a statement that allows the provider's identities to assume a role. */
const trustsIdentity = (Condition: Record<string, Record<string, string>> = {}, more: Statement = {}): Statement => ({
  Effect: 'Allow', Principal: { Federated: providerArn }, Action: 'sts:AssumeRoleWithWebIdentity',
  Condition: { StringEquals: { 'idp.example.com/tenant:aud': 'sts.amazonaws.com' }, ...Condition }, ...more
})

const keysFile = (t: Test): string => join(t.testdir({ 'keys.json': jwks }), 'keys.json')

const assume = async (t: Test, { url }: { url: string }, input: Partial<Omit<AssumeRoleWithWebIdentityCommandInput, 'WebIdentityToken'>> & { WebIdentityToken: string }) => {
  const client = new STSClient({ endpoint: url, region, maxAttempts: 1 })
  t.teardown(() => { client.destroy() })
  return client.send(new AssumeRoleWithWebIdentityCommand({ RoleArn: roleArn('web'), RoleSessionName: 'payments', ...input }))
}

await t.test('an identity that a provider has verified starts a session without an access key', async (t) => {
  const events: OperationEvent[] = []
  const backend = await startWith(t, [], {
    now: () => clock.now,
    roles: [role(roleArn('web'), [trustsIdentity({ StringLike: { 'idp.example.com/tenant:sub': 'system:serviceaccount:apps:*' } })])],
    identityProviders: [{ issuer, keys: keysFile(t) }],
    onOperation: (event) => { events.push(event) }
  })
  const begun = await assume(t, backend, { WebIdentityToken: await sign(), DurationSeconds: 900 })
  const arn = `arn:aws:sts::${account.accountId}:assumed-role/web/payments`
  t.match(begun, {
    SubjectFromWebIdentityToken: claims.sub, Audience: claims.aud, Provider: providerArn, AssumedRoleUser: { Arn: arn }, SourceIdentity: undefined,
    Credentials: { Expiration: new Date((seconds + 900) * 1000) }
  })
  t.match(await stsOf(t, backend, keysIn(begun)).send(new GetCallerIdentityCommand()), { Arn: arn })
  t.same((await clientOf(t, backend, { accountId: '', ...keysIn(begun) }).send(new ListSecretsCommand())).SecretList, [])
  t.match(events, [
    { service: 'sts', operation: 'GetCallerIdentity', principal: arn, accountId: account.accountId },
    { service: 'secretsmanager', operation: 'ListSecrets', principal: arn }
  ])
  const signed = await rawRequest(backend, {
    service: 'sts', headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15', RoleArn: roleArn('web'), RoleSessionName: 'payments', WebIdentityToken: await sign() }).toString()
  })
  t.match(signed, { status: 200, body: /<Audience>sts\.amazonaws\.com<\/Audience>/ }, 'a signature is allowed but not required')
})

await t.test('a token with a source identity', async (t) => {
  const both = ['sts:AssumeRoleWithWebIdentity', 'sts:SetSourceIdentity']
  const backend = await startWith(t, [], {
    now: () => clock.now,
    roles: [role(roleArn('web'), [trustsIdentity({}, { Action: both })]), role(roleArn('plain'), [trustsIdentity()])],
    identityProviders: [{ issuer, keys: keysFile(t) }]
  })
  const WebIdentityToken = await sign({ ...claims, 'https://aws.amazon.com/source_identity': 'grace' })
  t.match(await assume(t, backend, { WebIdentityToken }), { SourceIdentity: 'grace' })
  await t.rejects(assume(t, backend, { WebIdentityToken, RoleArn: roleArn('plain') }), { name: 'AccessDenied', message: 'Not authorized to perform sts:SetSourceIdentity' })
})

await t.test('invalid tokens', async (t) => {
  const backend = await startWith(t, [], {
    now: () => clock.now,
    roles: [
      role(roleArn('web'), [trustsIdentity()]),
      role(roleArn('others'), [trustsIdentity({ StringLike: { 'idp.example.com/tenant:sub': 'system:serviceaccount:other:*' } })]),
      role(roleArn('elsewhere'), [trustsIdentity({}, { Principal: { Federated: providerArn.replace('tenant', 'other') } })]),
      role(roleArn('users'), [trusts(account.accountId, { Action: 'sts:AssumeRoleWithWebIdentity' })]),
      role(roleArn('denied'), [trustsIdentity(), trustsIdentity({}, { Effect: 'Deny' })])
    ],
    identityProviders: [{ issuer, keys: keysFile(t) }]
  })
  const invalid = (message: string | RegExp) => ({ name: 'InvalidIdentityTokenException', message, $metadata: { httpStatusCode: 400 } })
  const noKey = invalid('Couldn\'t retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements')
  const [header = '', payload = '', signature = ''] = (await sign()).split('.')
  const refusals: Record<string, { token: string, error: object }> = {
    'not a JWT': { token: 'nonsense', error: invalid('The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)') },
    'without an issuer': { token: await sign(without('iss')), error: invalid('Missing a required claim: iss') },
    'from an unknown issuer': { token: await sign({ ...claims, iss: 'https://evil.example.com' }), error: invalid('No OpenIDConnect provider found in your account for https://evil.example.com') },
    'for another audience': { token: await sign({ ...claims, aud: 'other' }), error: invalid('Incorrect token audience') },
    'without an audience': { token: await sign(without('aud')), error: invalid('Missing a required claim: aud') },
    'without an expiration time': { token: await sign(without('exp')), error: invalid('Missing a required claim: exp') },
    'without a subject': { token: await sign(without('sub')), error: invalid('Missing a required claim: sub') },
    'not yet valid': { token: await sign({ ...claims, nbf: seconds + 3600 }), error: invalid('The ID Token provided has an invalid claim: nbf') },
    expired: {
      token: await sign({ ...claims, exp: seconds - 1 }),
      error: { name: 'ExpiredTokenException', message: `Token expired: current date/time ${seconds} must be before the expiration date/time${seconds - 1}`, $metadata: { httpStatusCode: 400 } }
    },
    'signed with another key': { token: await sign(claims, otherKey), error: noKey },
    'signed with an unknown key ID': { token: await sign(claims, otherKey, 'two'), error: noKey },
    unsigned: { token: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`, error: noKey },
    modified: { token: `${header}.${Buffer.from(JSON.stringify({ ...claims, sub: 'other' })).toString('base64url')}.${signature}`, error: noKey }
  }
  for (const [name, { token, error }] of Object.entries(refusals)) await t.rejects(assume(t, backend, { WebIdentityToken: token }), error as Error, name)
  const denied = { name: 'AccessDenied', message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity', $metadata: { httpStatusCode: 403 } }
  for (const name of ['others', 'elsewhere', 'users', 'denied', 'nowhere']) {
    await t.rejects(assume(t, backend, { WebIdentityToken: await sign(), RoleArn: roleArn(name) }), denied, name)
  }
  await t.rejects(assume(t, backend, { WebIdentityToken: 'abc' }), {
    name: 'ValidationError', message: '1 validation error detected: Value at \'webIdentityToken\' failed to satisfy constraint: Member must have length greater than or equal to 4'
  }, 'the error does not quote the token')
  await t.rejects(assume(t, backend, { WebIdentityToken: await sign(), ProviderId: 'www.amazon.com' }), { message: 'This STS does not support the parameter ProviderId.' })
})

/** Serves the keys of an identity provider. */
async function showKeys (t: Test, answer: () => { status: number, body: string }): Promise<{ server: Server, url: string }> {
  const server = createServer((_request, response) => {
    const { status, body } = answer()
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close(); server.closeAllConnections() })
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks` }
}

await t.test('keys are fetched only from the declared URL', async (t) => {
  let status = 503
  let fetches = 0
  const { server, url } = await showKeys(t, () => {
    fetches += 1
    return { status, body: jwks }
  })
  const backend = await startWith(t, [], {
    now: () => clock.now, roles: [role(roleArn('web'), [trustsIdentity()])],
    identityProviders: [{ issuer, keys: url, audiences: ['other', 'sts.amazonaws.com'] }]
  })
  const unreachable = { name: 'IDPCommunicationErrorException', message: 'The identity provider could not be reached.', $metadata: { httpStatusCode: 400 } }
  await t.rejects(assume(t, backend, { WebIdentityToken: await sign() }), unreachable)
  status = 200
  t.match(await assume(t, backend, { WebIdentityToken: await sign() }), { Audience: 'sts.amazonaws.com' })
  t.match(await assume(t, backend, { WebIdentityToken: await sign({ ...claims, aud: ['third', 'sts.amazonaws.com'] }) }), { Audience: 'sts.amazonaws.com' })
  t.equal(fetches, 2, 'and are kept')

  server.close()
  server.closeAllConnections()
  const later = await startWith(t, [], { now: () => clock.now, roles: [role(roleArn('web'), [trustsIdentity()])], identityProviders: [{ issuer, keys: url }] })
  await t.rejects(assume(t, later, { WebIdentityToken: await sign() }), unreachable)
})

await t.test('invalid identity providers', async (t) => {
  const provider = { issuer, keys: keysFile(t) }
  for (const [identityProviders, message] of [
    [[provider, provider], 'Two identity providers have the same issuer'],
    [[{ issuer, keys: join(t.testdirName, 'nowhere.json') }], /^The keys of the identity provider https:\/\/idp\.example\.com\/tenant can't be read from .*nowhere\.json \(Error: ENOENT/],
    [[{ issuer, keys: join(import.meta.dirname, 'world.ts') }], /^The keys of the identity provider .* can't be read/]
  ] as const) await t.rejects(startLocalBackend({ accounts: [account], identityProviders }), { message })
})
