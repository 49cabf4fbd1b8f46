import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { reservedPaths } from '#src/config/agent'
import { configFrom } from '#src/config/config'
import { build, caching, declared, policies, tokens, type Gateway, type Reply } from '#test/helper'
import { sendRaw } from '#test/raw'

const header = 'x-aws-parameters-secrets-token'
const token = { [header]: tokens.administrator }
const agent = { environments: ['dev', 'prod'] }

interface AgentRequest {
  method?: string
  headers?: Record<string, string>
  json?: unknown
}

/** Sends a request like a client of the agent. */
const ask = async (gateway: Gateway, path: string, { method = 'GET', headers = token, json }: AgentRequest = {}): Promise<Reply> =>
  gateway.send(method, path, { token: null, headers, json })

/** The status and the body of a reply. A JSON body is compared as an object. */
const shown = ({ status, text, json }: Reply): unknown[] => [status, json ?? text]

const fault = (type: string, message: string): object => ({ __type: type, message })
const notFound = fault('ResourceNotFoundException', 'Secrets Manager can\'t find the specified secret.')
const denied = fault('AccessDeniedException', 'The caller may not do this. Ask the platform team for the permission, or use another `AWS-Credential-Id`.')
const broken = (member: string, value: string, constraint: string): object =>
  fault('ValidationException', `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`)

const get = '/secretsmanager/get'
const noVersion = '00000000-0000-4000-8000-000000000000'

const preflight = { origin: 'https://page.example', 'access-control-request-method': 'GET', 'access-control-request-headers': header }

/** Requests, and the agent's replies: the status, and the text or the members of the JSON. */
const table: readonly [path: string, asked: AgentRequest, status: number, reply: string | object][] = [
  // Without a token.
  ['/ping', { headers: {} }, 200, 'healthy'],
  ['/ping', { headers: {}, method: 'POST' }, 405, 'Not allowed'],
  [`${get}?secretId=dev/a`, { headers: {} }, 403, 'Bad Token'],
  ['/v1/dev/a', { headers: {} }, 403, 'Bad Token'],
  ['/v1/dev/a', { headers: { [header]: 'wrong' } }, 403, 'Bad Token'],
  ['/v1/dev/a', { headers: { [header]: tokens.expired } }, 403, 'Bad Token'],
  ['/v1/dev/a', { headers: { [header]: `Bearer ${tokens.administrator}` } }, 403, 'Bad Token'],
  ['/v1/dev/a', { headers: { authorization: `Bearer ${tokens.administrator}` } }, 403, 'Bad Token'],
  // A browser's preflight is handled like any other request. It has no token, and no reply allows another origin.
  ['/ping', { headers: preflight, method: 'OPTIONS' }, 405, 'Not allowed'],
  [get, { headers: preflight, method: 'OPTIONS' }, 403, 'Bad Token'],
  ['/v1/dev/a', { headers: preflight, method: 'OPTIONS' }, 403, 'Bad Token'],
  ['/v1/dev/a', { headers: { ...preflight, ...token }, method: 'OPTIONS' }, 405, 'Not allowed'],
  // The order of the checks: forwarding, token, method, path, parameters.
  ['/secretsmanager/other', { headers: { 'x-forwarded-for': '192.0.2.1' }, method: 'POST' }, 400, 'Forwarded'],
  ['/v1/dev/a', { headers: { ...token, 'x-forwarded-for': '192.0.2.1' } }, 400, 'Forwarded'],
  ['/v1/dev/a', { headers: { ...token, forwarded: 'for=192.0.2.1' } }, 400, 'Forwarded'],
  ['/secretsmanager/other', { headers: {}, method: 'POST' }, 403, 'Bad Token'],
  ['/secretsmanager/other', { method: 'POST' }, 405, 'Not allowed'],
  ['/secretsmanager/other', {}, 404, 'Not found'],
  ['/secretsmanager/get/', {}, 404, 'Not found'],
  [get, { method: 'POST', json: { secretId: 'dev/a' } }, 405, 'Not allowed'],
  [get, { method: 'HEAD' }, 405, ''],
  ['/v1/dev/a', { method: 'PUT', json: {} }, 405, 'Not allowed'],
  ['/v1/dev/a', { method: 'DELETE' }, 405, 'Not allowed'],
  // Parameters.
  [get, {}, 400, 'missing parameter secretId'],
  [`${get}?secretId=`, {}, 400, 'missing parameter secretId'],
  [`${get}?secretId=dev/a&secretId=`, {}, 400, 'missing parameter secretId'],
  ['/v1/', {}, 400, 'missing secret ID'],
  ['/v1/?color=red', {}, 400, 'missing secret ID'],
  [`${get}?color=red`, {}, 400, 'unknown parameter: color'],
  [`${get}?secretId=dev/a&SecretId=dev/a`, {}, 400, 'unknown parameter: SecretId'],
  ['/v1/dev/a?secretId=dev/a', {}, 400, 'unknown parameter: secretId'],
  ['/v1/dev/a?__proto__=1', {}, 400, 'unknown parameter: __proto__'],
  ['/v1/dev/a?refreshNow=', {}, 400, 'invalid refreshNow value'],
  ['/v1/dev/a?refreshNow=yes&refreshNow=true', {}, 400, 'invalid refreshNow value'],
  ['/v1/dev/a?refreshNow=__proto__', {}, 400, 'invalid refreshNow value'],
  ['/v1/dev/a', { headers: { ...token, 'if-none-match': '"v"' } }, 400, 'header /if-none-match is not supported by this route'],
  // Secrets.
  ['/v1/dev/a', {}, 200, { Name: 'dev/a', SecretString: 'second', VersionStages: ['AWSCURRENT'] }],
  ['/v1/dev/a', { headers: { 'x-vault-token': tokens.administrator } }, 200, { SecretString: 'second' }],
  [`${get}?secretId=dev%2Fa`, {}, 200, { Name: 'dev/a', SecretString: 'second' }],
  [`${get}?secretId=dev/none&secretId=dev/a`, {}, 200, { Name: 'dev/a' }],
  ['/v1/dev/a?versionStage=AWSPREVIOUS', {}, 200, { SecretString: 'first', VersionStages: ['AWSPREVIOUS'] }],
  ['/v1/dev/a?refreshNow=FALSE&refreshNow=1', {}, 200, { SecretString: 'second' }],
  ['/v1/dev/bytes', {}, 200, { Name: 'dev/bytes', SecretBinary: 'AP8=' }],
  ['/v1/production-secrets/p/q', {}, 200, { Name: 'production-secrets/p/q', SecretString: 'in prod' }],
  ['/v1/dev/none', {}, 400, notFound],
  ['/v1/dev/a//b', {}, 200, { Name: 'dev/a//b', SecretString: 'unaddressable' }],
  ['/v1/dev%2Fa', {}, 400, fault('ValidationException', 'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!')],
  ['/v1/dev/a%20b', {}, 400, { __type: 'ValidationException' }],
  ['/v1/dev/../prod/a', {}, 400, notFound],
  ['/v1/a', {}, 400, notFound],
  ['/v1/staging/a', {}, 400, notFound],
  ['/v1/dev/', {}, 400, notFound],
  [`/v1/dev/${'n'.repeat(2_045)}`, {}, 400, broken('secretId', `dev/${'n'.repeat(996)}…`, 'Member must have length less than or equal to 2048')],
  ['/v1/dev/a?versionId=short', {}, 400, broken('versionId', 'short', 'Member must have length greater than or equal to 32')],
  ['/v1/dev/a?versionStage=', {}, 400, broken('versionStage', '', 'Member must have length greater than or equal to 1')],
  [`/v1/dev/a?versionId=${noVersion}`, {}, 400, { __type: 'ResourceNotFoundException' }],
  ['/v1/dev/a?versionStage=BLUE', {}, 400, { __type: 'ResourceNotFoundException' }],
  ['/v1/dev/empty', {}, 400, { __type: 'ResourceNotFoundException' }],
  ['/v1/dev/deleted', {}, 400, fault('InvalidRequestException', 'You can\'t perform this operation on the secret because it was marked for deletion.')],
  // Permissions.
  ['/v1/dev/a', { headers: { [header]: tokens.reader } }, 200, { SecretString: 'second' }],
  ['/v1/production-secrets/p/q', { headers: { [header]: tokens.reader } }, 400, notFound],
  ['/v1/dev/a', { headers: { [header]: tokens.writer } }, 400, denied],
  ['/v1/dev/none', { headers: { [header]: tokens.writer } }, 400, denied],
  ['/v1/dev/a', { headers: { [header]: tokens.stranger } }, 400, notFound]
]

async function prepared (t: Test, change: Parameters<typeof build>[1] = {}): Promise<Gateway> {
  const gateway = await build(t, { agent, ...change })
  const secrets = '/environments/dev/secrets'
  for (const value of ['first', 'second']) await gateway.send('PUT', `${secrets}/a`, { json: { value } })
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/a//b', SecretString: 'unaddressable' })
  await gateway.send('PUT', `${secrets}/bytes`, { json: { value: 'AP8=', encoding: 'base64' } })
  await gateway.send('POST', `${secrets}/empty`, { json: {} })
  await gateway.send('PUT', `${secrets}/deleted`, { json: { value: 'v' } })
  await gateway.send('DELETE', `${secrets}/deleted`)
  return gateway
}

t.test('readSecretByQuery, readSecretByPath and pingAgent: requests and the agent\'s replies', async (t) => {
  const gateway = await prepared(t)
  await gateway.send('PUT', '/environments/prod/secrets/p%2Fq', { json: { value: 'in prod' } })
  for (const [path, asked, status, expected] of table) {
    const reply = await ask(gateway, path, asked)
    t.match(shown(reply), [status, expected], `${asked.method ?? 'GET'} ${path} ${Object.keys(asked.headers ?? token).join()}`)
    if (typeof expected === 'string') t.equal(reply.text, expected)
    t.equal(reply.headers.get('access-control-allow-origin'), null)
    t.match(reply.headers.get('content-type'), typeof expected === 'string' ? /^text\/plain/ : /^application\/json/)
  }
})

t.test('a secret has all members of the agent\'s reply', async (t) => {
  const gateway = await prepared(t)
  const { json: { arn, versionId, createdDate } } = await gateway.send('GET', '/environments/dev/secrets/a')
  for (const secretId of ['dev/a', arn as string, (arn as string).slice(0, -7)]) {
    const { json } = await ask(gateway, `${get}?secretId=${encodeURIComponent(secretId)}`)
    t.strictSame(json, {
      ARN: arn,
      Name: 'dev/a',
      VersionId: versionId,
      SecretString: 'second',
      VersionStages: ['AWSCURRENT'],
      CreatedDate: String(Date.parse(createdDate as string) / 1_000)
    }, secretId)
    t.match(json.CreatedDate, /^\d{10}(?:\.\d{1,3})?$/)
  }
  t.strictSame((await ask(gateway, `/v1/${arn}`)).json, (await ask(gateway, '/v1/dev/a')).json, 'an ARN in the path')
  const other = `${(arn as string).slice(0, -6)}AbCdEf`
  for (const wrong of [other, (arn as string).replace('eu-west-1', 'eu-west-2'), (arn as string).replace(/\d{12}/, '999999999999'), 'arn:aws:s3:::dev/a', 'arn:']) {
    t.match(shown(await ask(gateway, `${get}?secretId=${wrong}`)), [400, notFound], wrong)
  }
})

t.test('a name that several environments could contain is refused, and an ARN is accepted', async (t) => {
  const environments = {
    eu: { region: 'eu-west-1', credential: 'dev-account', namePrefix: 'shared/' },
    us: { region: 'us-east-1', credential: 'dev-account', namePrefix: 'shared/' },
    other: { region: 'eu-west-1', credential: 'prod-account', namePrefix: 'shared/' }
  }
  const authorization = policies('@id("all") permit (principal == Caller::"administrator", action, resource);')
  const gateway = await build(t, { environments, authorization, agent: { environments: ['eu', 'us'] } })
  const arns: Record<string, string> = {}
  for (const env of Object.keys(environments)) {
    const { json } = await gateway.send('PUT', `/environments/${env}/secrets/x`, { json: { value: `in ${env}` } })
    arns[env] = json.arn
  }
  const refused = [400, 'Several environments may contain a secret with this name: send its ARN instead.']
  t.same(shown(await ask(gateway, '/v1/shared/x')), refused)
  t.same(shown(await ask(gateway, '/v1/shared/none')), refused, 'whether or not there is a secret')
  t.match(shown(await ask(gateway, `/v1/${arns.eu}`)), [200, { SecretString: 'in eu' }])
  t.match(shown(await ask(gateway, `/v1/${arns.us}`)), [200, { SecretString: 'in us' }])
  t.match(shown(await ask(gateway, `/v1/${arns.other}`)), [400, notFound], 'the environment of another account is not served')
  t.match(shown(await ask(gateway, '/v1/shared/x', { headers: { [header]: tokens.reader } })), [400, notFound], 'a caller who may see neither')

  const { config } = gateway.fastify
  config.replace({ ...config.current, agent: { ...config.current.agent, environments: ['eu', 'other'] } as typeof config.current.agent & object })
  const bothAccounts = [400, 'Several environments may contain this ARN: set the account of each of them in the configuration.']
  t.same(shown(await ask(gateway, `/v1/${arns.eu}`)), bothAccounts)
  const known = new Map(config.current.environments)
  for (const [name, account] of [['eu', '111111111111'], ['other', '222222222222']] as const) {
    const environment = known.get(name)
    if (environment !== undefined) known.set(name, { ...environment, account })
  }
  config.replace({ ...config.current, environments: known })
  t.match(shown(await ask(gateway, `/v1/${arns.other}`)), [200, { SecretString: 'in other' }])
})

t.test('values come from the cache, except with refreshNow', async (t) => {
  const gateway = await prepared(t, { ...caching, agent: { environments: ['dev'] } })
  const calls = async (path: string): Promise<string[]> => {
    gateway.awsCalls.length = 0
    t.equal((await ask(gateway, path)).status, 200)
    return [...gateway.awsCalls]
  }
  t.same(await calls('/v1/dev/a'), ['GetSecretValue'])
  t.same(await calls('/v1/dev/a'), [])
  t.same(await calls(`${get}?secretId=dev/a&refreshNow=False`), [])
  gateway.awsCalls.length = 0
  await gateway.send('GET', '/environments/dev/secrets/a')
  t.same(gateway.awsCalls, [], 'the gateway\'s own route uses the same values')
  for (const value of ['1', 'true', 'TRUE']) t.same(await calls(`/v1/dev/a?refreshNow=${value}`), ['GetSecretValue'])
})

t.test('the trail has the same records as for the gateway\'s own route', async (t) => {
  const gateway = await prepared(t)
  const recorded = async (send: () => Promise<unknown>): Promise<object[]> => {
    const before = gateway.trail().length
    await send()
    return gateway.trail().slice(before).map((record) => {
      const { sequence, time, previous, hash, signature, requestId, operation, intent, awsRequestIds, ...same } = record as unknown as Record<string, unknown>
      return { ...same, ids: (awsRequestIds as unknown[] | undefined)?.length }
    })
  }
  for (const [caller, name] of [['administrator', 'a'], ['administrator', 'none'], ['writer', 'a'], ['stranger', 'a']] as const) {
    const own = await recorded(async () => gateway.send('GET', `/environments/dev/secrets/${name}`, { token: tokens[caller] }))
    const agents = await recorded(async () => ask(gateway, `/v1/dev/${name}`, { headers: { [header]: tokens[caller] } }))
    t.ok(own.length > 0)
    t.same(agents.map((record) => ({ ...record, status: 0 })), own.map((record) => ({ ...record, status: 0 })), `${caller} reads ${name}`)
    t.match(agents, [{ environment: 'dev', name, action: 'GetSecretValue' }])
  }
  const refusals = await recorded(async () => {
    await ask(gateway, '/v1/dev/a', { headers: {} })
    await ask(gateway, '/v1/dev/a', { method: 'POST' })
    await ask(gateway, '/v1/other')
  })
  t.match(refusals, [{ event: 'denial', status: 403, code: 'unauthenticated' }, { status: 405, code: 'method-not-allowed' }, { status: 400, code: 'secret-not-found' }])
  t.notMatch(gateway.log.join(''), tokens.administrator)
})

t.test('settings: the names of the headers, the prefix of the path, and disabled routes', async (t) => {
  const gateway = await build(t, { agent: { environments: ['dev'], tokenHeaders: ['X-Our-Token'], pathPrefix: '/secret-values/v2/' } })
  await gateway.send('PUT', '/environments/dev/secrets/a', { json: { value: 'v' } })
  const path = '/secret-values/v2/dev/a'
  t.match(await ask(gateway, path, { headers: { 'x-our-token': tokens.administrator } }), { status: 200, json: { SecretString: 'v' } })
  t.match(shown(await ask(gateway, path)), [403, 'Bad Token'])
  t.match(await ask(gateway, '/v1/dev/a', { headers: { 'x-our-token': tokens.administrator } }), { status: 404, json: { code: 'not-found' } })

  const { config } = gateway.fastify
  const { agent, ...off } = config.current
  config.replace(off)
  for (const [url, method] of [['/ping', 'GET'], ['/ping', 'POST'], [get, 'GET'], [get, 'POST'], ['/secretsmanager/other', 'GET'], [path, 'GET']] as const) {
    t.match(await ask(gateway, url, { method }), { status: 404, json: { code: 'not-found' } }, `${url} while it is off`)
  }
  t.throws(() => { config.replace({ ...off, agent: { ...agent, pathPrefix: '/v1/' } } as typeof config.current) },
    /^agent\.pathPrefix: found \/v1\/, expected \/secret-values\/v2\/, the same as at the start: a change requires a restart/)
  config.replace({ ...off, agent } as typeof config.current)
  t.match(shown(await ask(gateway, '/ping', { headers: {} })), [200, 'healthy'])
})

t.test('the request line may contain an absolute URL', async (t) => {
  const gateway = await prepared(t)
  const headers = [['X-Vault-Token', tokens.administrator]] as const
  for (const path of ['/v1/dev/a', `${get}?secretId=dev/a`]) {
    t.match(await sendRaw(gateway.url, { path: `http://gateway.test${path}`, headers }), { status: 200, text: '"SecretString":"second"' })
  }
})

t.test('a client certificate does not replace the token', async (t) => {
  const gateway = await prepared(t)
  const proof = { method: 'mtls', id: 'administrator' } as const
  gateway.fastify.certificateIdentity = () => ({ caller: { ...proof, groups: ['administrators'] }, expires: Infinity, proof })
  t.equal((await gateway.send('GET', '/environments/dev/secrets/a', { token: null })).status, 200)
  t.match(shown(await ask(gateway, '/v1/dev/a', { headers: {} })), [403, 'Bad Token'])
})

t.test('limits, and failures of AWS', async (t) => {
  await t.test('too many requests', async (t) => {
    const gateway = await build(t, { agent, limits: { requestsPerSecond: 1, burst: 2, perEnvironment: { requestsPerSecond: 10, burst: 100 } } })
    for (const status of [400, 400, 429]) t.equal((await ask(gateway, '/v1/dev/none')).status, status)
    const reply = await ask(gateway, '/v1/dev/none')
    t.match(shown(reply), [429, 'Connection limit exceeded'])
    t.match(reply.headers.get('retry-after'), /^\d+$/)
  })

  const gateway = await prepared(t)
  const { config } = gateway.fastify
  const behind = async (listener: RequestListener, settings: Partial<typeof config.current.aws> = {}): Promise<Reply> => {
    const server = createServer(listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => { server.close().closeAllConnections() })
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    config.replace({ ...config.current, aws: { ...config.current.aws, endpoint, ...settings } })
    return ask(gateway, '/v1/dev/a')
  }
  const answering = (status: number, type: string, message: string): RequestListener => (request, reply) => {
    request.resume().on('end', () => { reply.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify({ __type: type, Message: message })) })
  }
  t.match(shown(await behind(answering(400, 'AccessDeniedException', 'User: x is not authorized'))), [400, { __type: 'AccessDeniedException' }])
  t.match(shown(await behind(answering(400, 'DecryptionFailure', 'No key'))), [400, { __type: 'DecryptionFailure' }])
  t.match(shown(await behind(answering(400, 'UnrecognizedClientException', 'Bad keys'))), [500, { __type: 'InternalFailure' }], 'the fault is the gateway\'s')
  t.match(shown(await behind(answering(500, 'InternalServiceError', 'Oops'))), [500, { __type: 'InternalServiceError' }])
  t.match(shown(await behind(({ socket }) => { socket.destroy() })), [502, { __type: 'ConnectionError' }])
  t.match(shown(await behind(() => undefined, { deadline: 300 })), [504, { __type: 'TimeoutError', message: 'Timeout' }])
})

t.test('invalid settings', async (t) => {
  const refused = (change: object, message: RegExp): void => {
    t.throws(() => configFrom({ ...declared, agent: { environments: ['dev'], ...change } }), { message })
  }
  refused({ environments: ['none'] }, /^agent\.environments\.0: found none, expected one of: dev, staging, prod$/)
  refused({ tokenHeaders: ['X-Request-Id'] }, /^agent\.tokenHeaders\.0: found x-request-id/)
  refused({ tokenHeaders: ['X-Ours', 'X-Forwarded-User'] }, /^agent\.tokenHeaders\.1: /)
  refused({ pathPrefix: '/environments/dev/' }, /^agent\.pathPrefix: found \/environments\/dev\//)

  const { fastify } = await build(t)
  const first = Object.keys(fastify.swagger().paths ?? {}).map((path) => path.split('/')[1] ?? '')
  const others = first.filter((segment) => segment !== 'v1' && !segment.includes('.'))
  t.same([...reservedPaths].sort(), [...new Set([...others, 'docs'])].sort(), 'the list of the gateway\'s paths is complete')
})
