import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { awsClients } from '../../../src/aws/clients.ts'
import { keysProvider } from '../../../src/aws/credentials.ts'
import { startLocalBackend } from '../../../src/local-backend/server.ts'

t.test('there is one client of a credential and a region', async (t) => {
  const credentials = new Map([['a', { kind: 'default-chain' as const }], ['b', { kind: 'default-chain' as const }]])
  const clients = awsClients(credentials)
  t.equal(clients.client('a', 'eu-west-1'), clients.client('a', 'eu-west-1'))
  t.not(clients.client('a', 'eu-west-1'), clients.client('b', 'eu-west-1'))
  t.not(clients.client('a', 'eu-west-1'), clients.client('a', 'eu-central-1'))
  const before = clients.client('a', 'eu-west-1')
  clients.close()
  t.not(clients.client('a', 'eu-west-1'), before)
  t.throws(() => clients.client('c', 'eu-west-1'), /No credential c is declared/)
})

t.test('each kind of credential reaches AWS', async (t) => {
  const backend = await startLocalBackend({ accounts: [{ accountId: '111111111111', accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret' }] })
  t.teardown(backend.close)
  const home = t.testdir({ credentials: '[team]\naws_access_key_id = AKIATEST\naws_secret_access_key = test-secret\n' })
  const variables = {
    CI_KEY: 'AKIATEST',
    CI_SECRET: 'test-secret',
    EMPTY: '',
    AWS_ACCESS_KEY_ID: 'AKIATEST',
    AWS_SECRET_ACCESS_KEY: 'test-secret',
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials'),
    AWS_CONFIG_FILE: join(home, 'none'),
    AWS_EC2_METADATA_DISABLED: 'true'
  }
  const before = { ...process.env }
  Object.assign(process.env, variables)
  t.teardown(() => { process.env = before })

  const credentials = new Map([
    ['embedded', { kind: 'embedded', accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret' }],
    ['environment', { kind: 'environment', accessKeyIdVariable: 'CI_KEY', secretAccessKeyVariable: 'CI_SECRET' }],
    ['profile', { kind: 'profile', profile: 'team' }],
    ['default-chain', { kind: 'default-chain' }],
    ['unset', { kind: 'environment', accessKeyIdVariable: 'NOT_SET', secretAccessKeyVariable: 'CI_SECRET' }],
    ['empty', { kind: 'environment', accessKeyIdVariable: 'CI_KEY', secretAccessKeyVariable: 'EMPTY' }],
    ['no-profile', { kind: 'profile', profile: 'none' }]
  ] as const)
  const clients = awsClients(credentials, backend.url)
  t.teardown(clients.close)
  for (const id of ['embedded', 'environment', 'profile', 'default-chain']) {
    t.same((await clients.client(id, 'eu-west-1').listSecrets({})).SecretList, [], id)
  }
  for (const id of ['unset', 'empty', 'no-profile']) {
    await t.rejects(clients.client(id, 'eu-west-1').listSecrets({}), { code: 'credential-invalid' }, id)
  }
  const keys = keysProvider({ kind: 'environment', accessKeyIdVariable: 'CI_KEY', secretAccessKeyVariable: 'CI_SECRET', sessionTokenVariable: 'CI_SECRET' })
  t.same(await keys(), { accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret', sessionToken: 'test-secret' })
})

t.test('a defect of our own is not AWS\'s being away', async (t) => {
  const clients = awsClients(new Map([['a', { kind: 'embedded' as const, accessKeyId: 'a', secretAccessKey: 'b' }]]))
  t.teardown(clients.close)
  const client = clients.client('a', 'eu-west-1')
  client.middlewareStack.add(() => async () => { throw new TypeError('defect') }, { step: 'serialize' })
  await t.rejects(client.listSecrets({}), { name: 'TypeError' })
})

t.test('a quota that is used up is told at once: another try would not help', async (t) => {
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
  const clients = awsClients(credentials, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.teardown(clients.close)
  await t.rejects(clients.client('a', 'eu-west-1').createSecret({ Name: 'a' }), { code: 'aws-limit-exceeded', options: { detail: 'Too many secrets.' } })
  t.equal(names.length, 1)
  await t.rejects(clients.client('a', 'eu-west-1').createSecret({ Name: 'a' }), { code: 'aws-throttled' })
  t.ok(names.length > 2, 'throttling is tried again')
})

t.test('what is no reply of AWS\'s is AWS\'s being away', async (t) => {
  const server = createServer((request, reply) => {
    request.resume().on('end', () => { reply.writeHead(200, { 'content-type': 'text/html' }).end('<html>canary</html>') })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const credentials = new Map([['a', { kind: 'embedded' as const, accessKeyId: 'a', secretAccessKey: 'b' }]])
  const clients = awsClients(credentials, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.teardown(clients.close)
  await t.rejects(clients.client('a', 'eu-west-1').listSecrets({}), { code: 'aws-unavailable' })
})
