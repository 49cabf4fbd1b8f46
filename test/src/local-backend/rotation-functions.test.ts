import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { CreateSecretCommand, GetSecretValueCommand, RotateSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { startLocalBackend } from '#src/local-backend/server'
import { account, clientOf, day, otherAccount } from './backend.ts'
import { fixture, functionArn, serveRotator, startWithRotator, steps } from './rotator.ts'

/** Rotates a secret with a function and returns the current value. */
async function rotate (client: SecretsManagerClient, runDueRotations: () => Promise<void>, Name = 'a', arn = functionArn) {
  await client.send(new CreateSecretCommand({ Name, SecretString: 'old' }))
  await client.send(new RotateSecretCommand({ SecretId: Name, RotationLambdaARN: arn }))
  await runDueRotations()
  return (await client.send(new GetSecretValueCommand({ SecretId: Name }))).SecretString
}

t.test('a module that uses the plain SDK rotates a secret', async (t) => {
  const { backend, client, told } = await startWithRotator(t, { rotationFunctions: { rotator: fixture('rotator.ts') } })
  t.match(await rotate(client, backend.runDueRotations), /^.{32}$/)
  t.strictSame(told, steps.map((step) => ({ step })))
})

t.test('a module receives this Secrets Manager\'s endpoint, its own account\'s keys, and Lambda\'s context', async (t) => {
  const before = { ...process.env }
  Object.assign(process.env, { AWS_PROFILE: 'real', AWS_SESSION_TOKEN: 'real', AWS_REGION: 'us-east-1', OF_THE_PROCESS: 'kept' })
  t.teardown(() => { process.env = before })
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Deny', Action: '*', Resource: '*' } })
  const { backend } = await startWithRotator(t, {
    accounts: [account, { ...otherAccount, accessKeyId: 'RESTRICTED', identityPolicies: [policy] }, otherAccount],
    rotationFunctions: { rotator: fixture('echoing.ts') },
    rotationTimeout: 60_000
  })
  const arn = `arn:aws:lambda:ap-south-1:${otherAccount.accountId}:function:rotator`
  const value = await rotate(clientOf(t, backend, otherAccount, 'ap-south-1'), backend.runDueRotations, 'a', arn)
  const { environment, context, remaining } = JSON.parse(value ?? '') as Record<'environment' | 'context', Record<string, string>> & { remaining: number }
  t.strictSame(environment, {
    AWS_ACCESS_KEY_ID: otherAccount.accessKeyId,
    AWS_SECRET_ACCESS_KEY: otherAccount.secretAccessKey,
    AWS_REGION: 'ap-south-1',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: backend.url,
    SECRETS_MANAGER_ENDPOINT: backend.url,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_LAMBDA_FUNCTION_NAME: 'rotator',
    OF_THE_PROCESS: 'kept'
  })
  t.match(context, { functionName: 'rotator', functionVersion: '$LATEST', invokedFunctionArn: arn, awsRequestId: /^[0-9a-f-]{36}$/ })
  t.ok(remaining > 30_000 && remaining <= 60_000, String(remaining))
})

t.test('an account whose keys are all restricted rotates with the first one', async (t) => {
  const statement = { Effect: 'Allow', Action: ['secretsmanager:*', 'lambda:InvokeFunction'], Resource: '*' }
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: statement })
  const restricted = { ...account, identityPolicies: [policy] }
  const { backend, client } = await startWithRotator(t, { accounts: [restricted], rotationFunctions: { rotator: fixture('echoing.ts') } })
  const value = await rotate(client, backend.runDueRotations)
  t.match(JSON.parse(value ?? ''), { environment: { AWS_ACCESS_KEY_ID: account.accessKeyId } })
})

t.test('a misbehaving module fails only its step', async (t) => {
  const { backend, client, told } = await startWithRotator(t, { rotationFunctions: { rotator: fixture('misbehaving.ts') } })
  const failures: [string, string][] = [
    ['throws', 'RangeError'], ['rejects', 'Error'], ['throwsNameless', 'Error'], ['throwsText', 'Error'], ['exits', 'Runtime.ExitError'], ['crashes', 'Runtime.ExitError'],
    ['throwsLater', 'Runtime.ExitError']
  ]
  for (const [name, error] of failures) {
    told.length = 0
    t.equal(await rotate(client, backend.runDueRotations, name), 'old')
    t.strictSame(told, [{ step: 'createSecret', error }], name)
  }
  for (const name of ['staysOpen', 'prints']) {
    told.length = 0
    await rotate(client, backend.runDueRotations, name)
    t.strictSame(told, [...steps.map((step) => ({ step })), { step: 'finishSecret', error: 'RotationIncomplete' }], name)
  }
})

t.test('a function that exceeds its time limit is terminated', async (t) => {
  const { backend, client, rotator, told } = await startWithRotator(t, {
    rotationFunctions: { rotator: fixture('misbehaving.ts') }, rotationTimeout: 1000
  })
  for (const name of ['hangs', 'spins']) {
    told.length = 0
    await rotate(client, backend.runDueRotations, name)
    t.strictSame(told, [{ step: 'createSecret', error: 'Sandbox.Timedout' }], name)
  }
  const other = await startWithRotator(t, { rotationFunctions: { rotator: rotator.url }, rotationTimeout: 200 })
  rotator.instead.createSecret = () => new Promise(() => undefined)
  await rotate(other.client, other.backend.runDueRotations)
  t.strictSame(other.told, [{ step: 'createSecret', error: 'Sandbox.Timedout' }], 'an endpoint')
})

t.test('a module that can\'t be called', async (t) => {
  for (const [file, error] of [['no-handler.ts', 'Runtime.HandlerNotFound'], ['not-importable.ts', 'Runtime.ImportModuleError']] as const) {
    const { backend, client, told } = await startWithRotator(t, { rotationFunctions: { rotator: fixture(file) } })
    await rotate(client, backend.runDueRotations)
    t.strictSame(told, [{ step: 'createSecret', error }], file)
  }
  const folder = t.testdir({ 'common.cjs': 'module.exports = Object.fromEntries([[\'handler\', async () => undefined]])' })
  const { backend, client, told } = await startWithRotator(t, { rotationFunctions: { rotator: join(folder, 'common.cjs') } })
  await rotate(client, backend.runDueRotations)
  t.equal(told.length, 5, 'a CommonJS module works')
})

/** Serves the same reply to all requests. */
async function serve (t: Test, status: number, body: string, headers: Record<string, string> = {}): Promise<string> {
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(status, headers).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Returns a URL at which no server listens. */
async function freeUrl (): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return `http://127.0.0.1:${port}/`
}

t.test('the replies of an endpoint', async (t) => {
  const invoke = '/2015-03-31/functions/function/invocations'
  const errorBody = '{"errorType":"DatabaseError","errorMessage":"the password was hunter2"}'
  const cases: [string, string, string | undefined][] = [
    ['2xx', await serve(t, 204, ''), undefined],
    ['2xx with any body', await serve(t, 200, errorBody), undefined],
    ['a status', await serve(t, 503, 'hunter2'), 'Status503'],
    ['a redirect', await serve(t, 307, '', { location: await serve(t, 200, '') }), 'Status307'],
    ['a status and an error', await serve(t, 500, errorBody), 'DatabaseError'],
    ['an error without a valid name', await serve(t, 500, '{"errorType":"the password was hunter2"}'), 'Error'],
    ['Lambda\'s header', await serve(t, 200, errorBody, { 'X-Amz-Function-Error': 'Unhandled' }), 'DatabaseError'],
    ['only Lambda\'s header', await serve(t, 200, 'null', { 'X-Amz-Function-Error': 'Unhandled' }), 'Error'],
    ['Lambda\'s Invoke', `${await serve(t, 200, 'null')}${invoke}`, undefined],
    ['Lambda\'s Invoke, with a result', `${await serve(t, 200, '{"statusCode":200}')}${invoke}`, undefined],
    ['the emulator\'s reply with an error', `${await serve(t, 200, errorBody)}${invoke}`, 'DatabaseError'],
    ['the emulator\'s reply for a function that has timed out', `${await serve(t, 200, 'Task timed out after 3.00 seconds')}${invoke}`, 'Runtime.ExitError'],
    ['the emulator\'s reply for a function that has crashed', `${await serve(t, 200, '')}${invoke}`, 'Runtime.ExitError'],
    ['no server', await freeUrl(), 'ECONNREFUSED'],
    ['a truncated reply', await serve(t, 200, 'short', { 'content-length': '100' }), 'UND_ERR_SOCKET']
  ]
  for (const [title, url, error] of cases) {
    const { backend, client, told } = await startWithRotator(t, { rotationFunctions: { rotator: url } })
    await rotate(client, backend.runDueRotations)
    t.strictSame(told[0], error === undefined ? { step: 'createSecret' } : { step: 'createSecret', error }, title)
  }
})

t.test('a function is found by its ARN, or by its name in any account and region', async (t) => {
  const rotator = await serveRotator(t)
  const { backend, client, told } = await startWithRotator(t, {
    rotationFunctions: { rotator: rotator.url, [functionArn]: fixture('no-handler.ts'), [`${functionArn}:live`]: await serve(t, 500, '') }
  })
  rotator.client = client
  const arns: [string, { step: string, error?: string }][] = [
    [functionArn, { step: 'createSecret', error: 'Runtime.HandlerNotFound' }],
    [`${functionArn}:live`, { step: 'createSecret', error: 'Status500' }],
    [`${functionArn}:other`, { step: 'createSecret' }],
    ['arn:aws:lambda:us-east-1:999999999999:function:rotator', { step: 'createSecret' }]
  ]
  for (const [index, [arn, expected]] of arns.entries()) {
    told.length = 0
    await rotate(client, backend.runDueRotations, String(index), arn)
    t.strictSame(told[0], expected, arn)
  }
})

t.test('a function that is missing after a restart fails', async (t) => {
  const dataDir = join(t.testdir({}), 'data')
  const first = await startWithRotator(t, { dataDir })
  await first.client.send(new CreateSecretCommand({ Name: 'a', SecretString: 'old' }))
  await first.client.send(new RotateSecretCommand({ SecretId: 'a', RotationLambdaARN: functionArn, RotationRules: { AutomaticallyAfterDays: 1 } }))
  await first.backend.runDueRotations()
  await first.backend.close()

  const { backend, client, clock, told } = await startWithRotator(t, { dataDir, rotationFunctions: {} })
  await t.rejects(client.send(new RotateSecretCommand({ SecretId: 'a' })), { name: 'AccessDeniedException', message: /^Secrets Manager cannot invoke/ })
  clock.move(day)
  await backend.runDueRotations()
  t.strictSame(told, [{ step: 'createSecret', error: 'FunctionNotFound' }])
})

t.test('invalid tables of functions', async (t) => {
  const wrong: [string, string, RegExp][] = [
    ['rotator', '/nowhere/rotator.ts', /^The rotation function rotator must be a URL of http: or https:, or a file; there is no file \/nowhere\/rotator\.ts$/],
    ['rotator', import.meta.dirname, /there is no file/],
    ['rotator', 'http://', /^The rotation function rotator has an invalid URL$/],
    ['rotator', 'http://user:hidden@127.0.0.1/', /^The rotation function rotator must have a URL without user and password$/],
    ['a name', 'http://127.0.0.1/', /^A rotation function must have the name or the ARN of a Lambda function as its name, not 'a name'$/],
    ['arn:aws:lambda:eu-west-1:1:function:rotator', 'http://127.0.0.1/', /must have the name or the ARN/]
  ]
  for (const [name, place, message] of wrong) {
    await t.rejects(startLocalBackend({ accounts: [account], rotationFunctions: { [name]: place } }), { message }, `${name} ${place}`)
  }
})
