import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import t, { type Test } from 'tap'
import { awsClients, type Clients, type ClientsOptions } from '#src/aws/clients'
import type { CredentialDefinition } from '#src/credentials/definition'
import { awsFrom } from '#src/config/aws'
import { compact } from '#src/json/compact'
import { startLocalBackend, type LocalBackend } from '#src/local-backend/server'
import { passTime } from '#test/clock'
import { gatesWithoutQuotas, listThrough } from '#test/bounded-client'
import { platform, roleArns, roles } from '#test/aws-roles'
import { keysIn } from '#test/src/local-backend/sts/world'
import { identityToken, issuer, keysFile, workload } from '#test/web-identity'

const clientsOf = (credentials: ClientsOptions['credentials'], endpoint?: string): Clients =>
  awsClients({ credentials, aws: awsFrom(compact({ endpoint })), gates: gatesWithoutQuotas(), stsRegion: () => 'eu-west-1', now: Date.now })

/** Starts a backend with two accounts, which belong to `dev` and to the platform team, and with all roles of `roles`. */
async function startBackend (t: Test, now = Date.now): Promise<LocalBackend> {
  const dev = { accountId: '111111111111', accessKeyId: 'AKIADEV', secretAccessKey: 'AKIADEV-secret' }
  const backend = await startLocalBackend({ accounts: [dev, platform], roles, identityProviders: [{ issuer, keys: keysFile }], now })
  t.teardown(backend.close)
  return backend
}

function setVariables (t: Test, variables: Record<string, string>): void {
  const before = { ...process.env }
  Object.assign(process.env, variables)
  t.teardown(() => { process.env = before })
}

t.test('each combination of credential and region has one client', async (t) => {
  const credentials = new Map([['a', { kind: 'default-chain' as const }], ['b', { kind: 'default-chain' as const }]])
  const clients = clientsOf(credentials)
  t.equal(clients.clientFor({ credentialId: 'a' }, 'eu-west-1').client, clients.clientFor({ credentialId: 'a' }, 'eu-west-1').client)
  t.not(clients.clientFor({ credentialId: 'a' }, 'eu-west-1').client, clients.clientFor({ credentialId: 'b' }, 'eu-west-1').client)
  t.not(clients.clientFor({ credentialId: 'a' }, 'eu-west-1').client, clients.clientFor({ credentialId: 'a' }, 'eu-central-1').client)
  const before = clients.clientFor({ credentialId: 'a' }, 'eu-west-1').client
  clients.close()
  t.not(clients.clientFor({ credentialId: 'a' }, 'eu-west-1').client, before)
  t.throws(() => clients.clientFor({ credentialId: 'c' }, 'eu-west-1').client, /No credential c is declared/)
})

t.test('each kind of credential reaches AWS', async (t) => {
  const { url } = await startBackend(t)
  const sts = new STSClient({ endpoint: url, region: 'eu-west-1', credentials: platform })
  t.teardown(() => { sts.destroy() })
  const assumed = await sts.send(new AssumeRoleCommand({ RoleArn: roleArns.withoutIdentity, RoleSessionName: 'test' }))
  const { accessKeyId, secretAccessKey, sessionToken } = keysIn(assumed)
  const home = t.testdir({
    credentials: `[team]\naws_access_key_id = AKIADEV\naws_secret_access_key = AKIADEV-secret
[platform]\naws_access_key_id = ${platform.accessKeyId}\naws_secret_access_key = ${platform.secretAccessKey}\n`,
    config: `[profile role]\nrole_arn = ${roleArns.withoutIdentity}\nsource_profile = platform
[profile workload]\nrole_arn = ${roleArns.workload}\nweb_identity_token_file = ${join(t.testdirName, 'token')}
[profile program]\ncredential_process = sh -c 'echo AKIACANARY >&2; exit 1' --password canary\n`,
    token: await identityToken(workload, Date.now())
  })
  const token = join(home, 'token')
  setVariables(t, {
    CI_KEY: 'AKIADEV',
    CI_SECRET: 'AKIADEV-secret',
    SESSION_KEY: accessKeyId,
    SESSION_SECRET: secretAccessKey,
    SESSION_TOKEN: sessionToken,
    EMPTY: '',
    AWS_WEB_IDENTITY_TOKEN_FILE: token,
    AWS_ROLE_ARN: roleArns.workload,
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials'),
    AWS_CONFIG_FILE: join(home, 'config'),
    AWS_EC2_METADATA_DISABLED: 'true'
  })
  const ci = { kind: 'environment', accessKeyIdVariable: 'CI_KEY', secretAccessKeyVariable: 'CI_SECRET' } as const
  const credentials = new Map<string, CredentialDefinition>([
    ['embedded', { kind: 'embedded', accessKeyId: 'AKIADEV', secretAccessKey: 'AKIADEV-secret' }],
    ['environment', ci],
    ['session', { kind: 'environment', accessKeyIdVariable: 'SESSION_KEY', secretAccessKeyVariable: 'SESSION_SECRET', sessionTokenVariable: 'SESSION_TOKEN' }],
    ['profile', { kind: 'profile', profile: 'team' }],
    ['profile of a role', { kind: 'profile', profile: 'role' }],
    ['profile of a workload', { kind: 'profile', profile: 'workload' }],
    ['default-chain', { kind: 'default-chain' }],
    ['platform', { kind: 'profile', profile: 'platform' }],
    ['role', { kind: 'assume-role', roleArn: roleArns.dev, source: 'platform', externalId: 'of-the-gateway', durationSeconds: 900 }],
    ['workload', { kind: 'web-identity', roleArn: roleArns.workload, tokenFile: token, durationSeconds: 900 }],
    ['unset', { ...ci, accessKeyIdVariable: 'NOT_SET' }],
    ['empty', { ...ci, secretAccessKeyVariable: 'EMPTY' }],
    ['program', { kind: 'profile', profile: 'program' }],
    ['no profile', { kind: 'profile', profile: 'none' }],
    ['no token', { kind: 'web-identity', roleArn: roleArns.workload, tokenFile: join(home, 'none') }],
    ['no trust', { kind: 'assume-role', roleArn: roleArns.dev, source: 'platform' }],
    ['no source', { kind: 'assume-role', roleArn: roleArns.dev, source: 'unset' }]
  ])
  const clients = clientsOf(credentials, url)
  t.teardown(clients.close)
  for (const id of ['embedded', 'environment', 'session', 'profile', 'profile of a role', 'profile of a workload', 'default-chain', 'role', 'workload']) {
    t.same((await listThrough(clients.clientFor({ credentialId: id }, 'eu-west-1').client)).SecretList, [], id)
  }
  const reasons = {
    unset: 'the credential unset: CredentialsProviderError: The variable NOT_SET is not set',
    empty: 'the credential empty: CredentialsProviderError: The variable EMPTY is not set',
    'no profile': /^the credential no profile: CredentialsProviderError: /,
    // The `$` matters: the reason must contain neither the credential program's command line nor its output.
    program: /^the credential program: CredentialsProviderError$/,
    'no token': /^the credential no token: Error: ENOENT/,
    'no trust': `the credential no trust: AccessDenied: User: arn:aws:iam::333333333333:user/AKIAPLATFORM is not authorized to perform: sts:AssumeRole on resource: ${roleArns.dev}`
  }
  for (const [id, reason] of Object.entries(reasons)) {
    await t.rejects(listThrough(clients.clientFor({ credentialId: id }, 'eu-west-1').client), {
      code: 'credential-invalid', options: { reason }
    }, id)
  }
  await t.rejects(listThrough(clients.clientFor({ credentialId: 'no source' }, 'eu-west-1').client), {
    code: 'credential-invalid', options: { reason: 'the credential unset: CredentialsProviderError: The variable NOT_SET is not set' }
  }, 'the reason names the credential that is at fault, not the one that depends on it')
})

t.test('if STS is unavailable, the error is aws-unavailable', async (t) => {
  const server = createServer((request, reply) => {
    request.resume().on('end', () => { reply.writeHead(503, { 'content-type': 'text/xml' }).end('<ErrorResponse><Error><Type>Receiver</Type><Code>ServiceUnavailable</Code></Error></ErrorResponse>') })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const credentials = new Map<string, CredentialDefinition>([
    ['platform', { kind: 'embedded', accessKeyId: 'AKIAPLATFORM', secretAccessKey: 'AKIAPLATFORM-secret' }],
    ['role', { kind: 'assume-role', roleArn: roleArns.dev, source: 'platform' }]
  ])
  for (const close of [() => undefined, () => { server.close(); server.closeAllConnections() }]) {
    close()
    const clients = clientsOf(credentials, url)
    t.teardown(clients.close)
    await t.rejects(listThrough(clients.clientFor({ credentialId: 'role' }, 'eu-west-1').client), { code: 'aws-unavailable' })
    await t.rejects(clients.verify('platform'), { code: 'aws-unavailable' })
  }
})

t.test('keys that AWS rejects are replaced, for example from the profile\'s file', async (t) => {
  const { url } = await startBackend(t)
  const home = t.testdir({ credentials: '[team]\naws_access_key_id = AKIAOLD\naws_secret_access_key = old\n' })
  setVariables(t, { AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials'), AWS_CONFIG_FILE: join(home, 'none') })
  const clients = awsClients({ credentials: new Map([['team', { kind: 'profile', profile: 'team' }]]), aws: awsFrom({ endpoint: url }), gates: gatesWithoutQuotas(), stsRegion: () => 'eu-west-1', now: Date.now })
  t.teardown(clients.close)
  const client = clients.clientFor({ credentialId: 'team' }, 'eu-west-1').client
  await t.rejects(listThrough(client), { code: 'credential-invalid' })
  writeFileSync(join(home, 'credentials'), '[team]\naws_access_key_id = AKIADEV\naws_secret_access_key = AKIADEV-secret\n')
  await t.rejects(listThrough(client), { code: 'credential-invalid' }, 'not immediately')
  passTime(5_000)
  await t.rejects(listThrough(client), { code: 'credential-invalid' })
  t.same((await listThrough(client)).SecretList, [])
})

t.test('a session that AWS no longer accepts is replaced', async (t) => {
  const ofBackend = { now: Date.now() }
  const { url } = await startBackend(t, () => ofBackend.now)
  const clients = awsClients({
    credentials: new Map<string, CredentialDefinition>([
      ['platform', { kind: 'embedded', accessKeyId: platform.accessKeyId, secretAccessKey: platform.secretAccessKey }],
      ['role', { kind: 'assume-role', roleArn: roleArns.hub, source: 'platform' }]
    ]),
    aws: awsFrom({ endpoint: url }), gates: gatesWithoutQuotas(), stsRegion: () => 'eu-west-1', now: Date.now
  })
  t.teardown(clients.close)
  const client = clients.clientFor({ credentialId: 'role', callerId: 'bot' }, 'eu-west-1').client
  await listThrough(client)
  ofBackend.now += 61 * 60_000
  passTime(5_000)
  await t.rejects(listThrough(client), { code: 'credential-invalid' })
  t.same((await listThrough(client)).SecretList, [])
})

t.test('a bug in the gateway is not reported as aws-unavailable', async (t) => {
  const clients = clientsOf(new Map([['a', { kind: 'embedded' as const, accessKeyId: 'a', secretAccessKey: 'b' }]]))
  t.teardown(clients.close)
  const client = clients.clientFor({ credentialId: 'a' }, 'eu-west-1').client
  client.middlewareStack.add(() => async () => { throw new TypeError('defect') }, { step: 'serialize' })
  await t.rejects(listThrough(client), { name: 'TypeError' })
})

t.test('an exceeded quota is reported without a retry, because that would not help', async (t) => {
  const names: string[] = []
  const server = createServer((request, reply) => {
    request.resume().on('end', () => {
      names.push(String(request.headers['x-amz-target']))
      const __type = names.length === 1 ? 'LimitExceededException' : 'ThrottlingException'
      reply.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify({ __type, Message: 'Too many secrets.' }))
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const credentials = new Map([['a', { kind: 'embedded' as const, accessKeyId: 'a', secretAccessKey: 'b' }]])
  const clients = clientsOf(credentials, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.teardown(clients.close)
  await t.rejects(listThrough(clients.clientFor({ credentialId: 'a' }, 'eu-west-1').client), { code: 'aws-limit-exceeded', options: { detail: 'Too many secrets.' } })
  t.equal(names.length, 1)
  await t.rejects(listThrough(clients.clientFor({ credentialId: 'a' }, 'eu-west-1').client), { code: 'aws-throttled' })
  t.ok(names.length > 2, 'throttled calls are retried')
})

t.test('a reply that does not come from AWS is reported as aws-unavailable', async (t) => {
  const server = createServer((request, reply) => {
    request.resume().on('end', () => { reply.writeHead(200, { 'content-type': 'text/html' }).end('<html>canary</html>') })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const credentials = new Map([['a', { kind: 'embedded' as const, accessKeyId: 'a', secretAccessKey: 'b' }]])
  const clients = clientsOf(credentials, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.teardown(clients.close)
  await t.rejects(listThrough(clients.clientFor({ credentialId: 'a' }, 'eu-west-1').client), { code: 'aws-unavailable' })
})
