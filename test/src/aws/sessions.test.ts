import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Declared } from '#src/config/config'
import { sessionNameOf } from '#src/credentials/session-name'
import { listThrough } from '#test/bounded-client'
import { roleArns } from '#test/aws-roles'
import { build, declared, embedded, policies, tokens, type Gateway } from '#test/helper'
import { identityToken, workload } from '#test/web-identity'

const region = 'eu-west-1'
const role = (roleArn: string, source = 'platform', more: object = {}) => ({ kind: 'assume-role' as const, roleArn, source, ...more })
const credentials: Declared['credentials'] = {
  ...declared.credentials,
  platform: embedded('AKIAPLATFORM'),
  'dev-role': role(roleArns.dev, 'platform', { externalId: 'of-the-gateway' }),
  'without-external-id': role(roleArns.dev),
  'without-identity': role(roleArns.withoutIdentity),
  hub: role(roleArns.hub),
  'prod-role': role(roleArns.prod, 'hub'),
  'prod-directly': role(roleArns.prod)
}

/** Starts a gateway whose environments use roles by default, and never the access keys of their own accounts. */
const buildWithRoles = async (t: Test, change: Partial<Declared> = {}): Promise<Gateway> => build(t, {
  credentials,
  environments: {
    dev: { region, credential: 'dev-role', allowedCredentials: ['without-external-id', 'without-identity', 'platform'] },
    prod: { region, credential: 'prod-role', allowedCredentials: ['prod-directly'] }
  },
  ...change
})

/** Describes the calls that AWS has received, from index `from` on. Includes the principal and the source identity of each. */
const signersOf = ({ signers }: Gateway, from = 0): string[] =>
  signers.slice(from).map(({ operation, principal, sourceIdentity = 'nobody' }) => `${operation} by ${principal.replace(/^.*?(?=user|root|assumed-role)/, '')} for ${sourceIdentity}`)

const countOf = ({ awsCalls }: Gateway, operation: string): number => awsCalls.filter((one) => one === operation).length

/** Converts minutes to days. */
const minutes = (count: number): number => count / (24 * 60)

t.test('each caller has its own session, which names the caller to AWS and is reused', async (t) => {
  const gateway = await buildWithRoles(t)
  for (let time = 0; time < 2; time += 1) {
    await gateway.send('PUT', '/environments/dev/secrets/a', { json: { value: `value ${time}` } })
    t.match(await gateway.send('GET', '/environments/dev/secrets/a', { token: tokens.reader }), { status: 200, json: { value: `value ${time}` } })
  }
  const begin = 'AssumeRole by user/AKIAPLATFORM for nobody'
  t.ok(signersOf(gateway).every((line) => line === begin || / by assumed-role\/secrets-gateway\/(\S+) for \1$/.test(line)))
  t.same(signersOf(gateway).filter((line) => line.includes('reader')), Array(2).fill('GetSecretValue by assumed-role/secrets-gateway/reader for reader'))
  t.ok(signersOf(gateway).includes('CreateSecret by assumed-role/secrets-gateway/administrator for administrator'))
  t.equal(countOf(gateway, 'AssumeRole'), 2)
})

t.test('role chaining reaches an environment in another account, with the same caller as the source identity', async (t) => {
  const gateway = await buildWithRoles(t)
  t.equal((await gateway.send('PUT', '/environments/prod/secrets/a', { json: { value: 'production' } })).status, 201)
  const [first, second, ...others] = signersOf(gateway)
  t.equal(first, 'AssumeRole by user/AKIAPLATFORM for nobody')
  t.equal(second, 'AssumeRole by assumed-role/hub/administrator for administrator')
  t.ok(others.length > 0 && others.every((line) => line.endsWith('Secret by assumed-role/secrets-gateway/administrator for administrator') || line.includes('SecretValue by assumed-role/secrets-gateway/administrator')))
  t.equal((await gateway.aws('AKIAPROD').getSecretValue({ SecretId: 'prod/a' })).SecretString, 'production')
  const { SecretList } = await gateway.aws('AKIADEV').listSecrets({})
  t.same(SecretList, [], 'the other account contains nothing')
})

t.test('if a role does not trust the gateway, the reply does not contain AWS\'s message', async (t) => {
  const gateway = await buildWithRoles(t)
  const log = (): string => gateway.log.join('')
  for (const [environment, id, action] of [
    ['dev', 'without-external-id', 'sts:AssumeRole'], ['dev', 'without-identity', 'sts:SetSourceIdentity'], ['prod', 'prod-directly', 'sts:AssumeRole']
  ] as const) {
    const reply = await gateway.send('GET', `/environments/${environment}/secrets`, { headers: { 'aws-credential-id': id } })
    t.match(reply, { status: 502, json: { code: 'credential-invalid' } }, id)
    t.notMatch(reply.text, /arn:aws/)
    t.match(log(), `the credential ${id}: AccessDenied: User: arn:aws:iam::333333333333:user/AKIAPLATFORM is not authorized to perform: ${action} on resource: `)
  }
  t.equal(countOf(gateway, 'ListSecrets'), 0)
  t.notMatch(log(), /AKIAPLATFORM-secret|of-the-gateway/)
})

t.test('a hundred concurrent requests start a single session, and so does its renewal', async (t) => {
  const gateway = await buildWithRoles(t)
  const hundred = async (): Promise<void> => {
    const replies = await Promise.all(Array.from({ length: 100 }, async () => gateway.send('GET', '/environments/dev/secrets')))
    t.ok(replies.every(({ status }) => status === 200))
  }
  await hundred()
  t.equal(countOf(gateway, 'AssumeRole'), 1)
  gateway.advance(minutes(54))
  await hundred()
  t.equal(countOf(gateway, 'AssumeRole'), 1)
  gateway.advance(minutes(2))
  await hundred()
  t.equal(countOf(gateway, 'AssumeRole'), 2, 'renewed before the session expires')
  gateway.advance(minutes(61))
  await hundred()
  t.equal(countOf(gateway, 'AssumeRole'), 3, 'an expired session is replaced without an error')
})

t.test('setting the clock starts no sessions', async (t) => {
  const gateway = await buildWithRoles(t)
  const read = async (): Promise<void> => {
    for (let time = 0; time < 5; time += 1) t.equal((await gateway.send('GET', '/environments/dev/secrets')).status, 200)
  }
  const hour = 60 * 60 * 1_000
  await read()
  for (const milliseconds of [2 * hour, -hour, 0]) {
    gateway.setClock(milliseconds)
    await read()
  }
  t.equal(countOf(gateway, 'AssumeRole'), 1)
  gateway.setClock(2 * hour)
  gateway.advance(minutes(61))
  await read()
  t.equal(countOf(gateway, 'AssumeRole'), 2, 'nor does a new session whose end seems to have passed')
})

t.test('requests that wait for the same session share its failure instead of each trying again', async (t) => {
  const gateway = await buildWithRoles(t)
  const headers = { 'aws-credential-id': 'without-identity' }
  const ask = async (): Promise<void> => {
    const replies = await Promise.all(Array.from({ length: 100 }, async () => gateway.send('GET', '/environments/dev/secrets', { headers })))
    t.ok(replies.every(({ status, json }) => status === 502 && json.code === 'credential-invalid'))
  }
  await ask()
  await ask()
  t.equal(countOf(gateway, 'AssumeRole'), 1)
  gateway.advance(minutes(0.1))
  await ask()
  t.equal(countOf(gateway, 'AssumeRole'), 2)
})

t.test('a workload\'s token is read again for each session, and the session is named after the caller', async (t) => {
  const tokenFile = join(t.testdir({ token: 'none yet' }), 'token')
  const gateway = await buildWithRoles(t, {
    credentials: { workload: { kind: 'web-identity', roleArn: roleArns.workload, tokenFile }, platform: embedded('AKIAPLATFORM') },
    environments: { dev: { region, credential: 'workload' } },
    authorization: policies('@id("all") permit (principal, action, resource);')
  })
  const list = async (): Promise<number> => (await gateway.send('GET', '/environments/dev/secrets')).status
  t.equal(await list(), 502)
  writeFileSync(tokenFile, await identityToken(workload, gateway.now()))
  gateway.advance(minutes(0.1))
  t.equal(await list(), 200)
  t.same(signersOf(gateway), ['ListSecrets by assumed-role/workload/administrator for nobody'])
  gateway.advance(minutes(70))
  t.equal(await list(), 502, 'the token has expired')
  writeFileSync(tokenFile, await identityToken(workload, gateway.now()))
  gateway.advance(minutes(0.1))
  t.equal(await list(), 200)
  writeFileSync(tokenFile, await identityToken('system:serviceaccount:other:thief', gateway.now()))
  gateway.advance(minutes(70))
  t.equal(await list(), 502)
})

t.test('AWS receives a hash of a caller ID that it would reject, and all sessions of a role share connections', async (t) => {
  const gateway = await buildWithRoles(t)
  const use = { callerId: 'idp:alice' }
  await listThrough(gateway.fastify.awsClient('dev-role', region, use))
  await listThrough(gateway.fastify.awsClient('dev-role', region))
  t.same(signersOf(gateway).filter((line) => line.startsWith('List')), [
    `ListSecrets by assumed-role/secrets-gateway/${sessionNameOf('idp:alice')} for ${sessionNameOf('idp:alice')}`,
    'ListSecrets by assumed-role/secrets-gateway/secrets-gateway for secrets-gateway'
  ])
  const client = gateway.fastify.awsClient('dev-role', region, use)
  t.equal(gateway.fastify.awsClient('dev-role', region, use), client)
  t.not(gateway.fastify.awsClient('dev-role', region, { callerId: 'idp:bob' }), client)
  t.equal(gateway.fastify.awsClient('dev-role', region, { callerId: 'idp:bob' }).config.requestHandler, client.config.requestHandler, 'the connections are shared')
  t.equal(gateway.fastify.awsClient('platform', region, use), gateway.fastify.awsClient('platform', region), 'a credential that is not a role has no sessions')
})

t.test('the numbers of sessions and clients are bounded, and the least recently used are evicted', async (t) => {
  const gateway = await buildWithRoles(t)
  const clientOf = (callerId: string) => gateway.fastify.awsClient('dev-role', region, { callerId })
  const first = clientOf('caller-0')
  await listThrough(first)
  await Promise.all(Array.from({ length: 50 }, async (_, index) => listThrough(clientOf(`caller-${index + 1}`))))
  for (let index = 51; index < 1000; index += 1) clientOf(`caller-${index}`)
  t.equal(clientOf('caller-0'), first)
  clientOf('caller-1000')
  clientOf('caller-1001')
  t.equal(clientOf('caller-0'), first, 'it was used recently')
  const begun = countOf(gateway, 'AssumeRole')
  t.equal(begun, 51)
  const again = clientOf('caller-1')
  await listThrough(again)
  t.equal(countOf(gateway, 'AssumeRole'), begun, 'the session remains cached after its client was evicted')
})
