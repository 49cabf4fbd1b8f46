import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import t from 'tap'
import { verifyFiles, type AuditRecord } from '#test/audit-trail'
import { build, declared, policies, tokens, type Gateway, type RequestOptions } from '#test/helper'
import { sendRaw } from '#test/raw'
import { signCallerIdentity, startSts } from '#test/sts'
import { until } from '#test/until'

const secrets = '/environments/dev/secrets'

/** Returns the audit records of a request. */
async function recordsOf (gateway: Gateway, ...[method, path, options]: Parameters<Gateway['send']>): Promise<AuditRecord[]> {
  const before = gateway.trail().length
  await gateway.send(method, path, options)
  return gateway.trail().slice(before)
}

const put = (value: string): RequestOptions => ({ json: { value } })
const administrator = { allowed: true, policies: ['administrators'] }

t.test('an allowed request is recorded before AWS is called, and again with its outcome', async (t) => {
  const gateway = await build(t)
  const before = gateway.trail().length
  const { json: written } = await gateway.send('PUT', `${secrets}/payments%2Fdb`, { ...put('v'), headers: { 'x-request-id': 'r1' } })
  const [intent, outcome, ...more] = gateway.trail().slice(before)
  t.same(more, [])
  const about = {
    requestId: 'r1',
    caller: { id: 'administrator', method: 'api-key' },
    peer: '127.0.0.1',
    operation: 'putSecret',
    action: 'PutSecretValue',
    environment: 'dev',
    name: 'payments/db',
    credential: 'dev-account',
    decision: administrator
  }
  const chain = { sequence: Number, time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, previous: /^[0-9a-f]{64}$/, signed: true, hash: /^[0-9a-f]{64}$/, signature: /^[0-9a-f]{128}$/ }
  t.match(intent, { event: 'intent', ...about, ...chain })
  t.same(Object.keys(intent).sort(), ['event', ...Object.keys(about), ...Object.keys(chain)].sort(), 'no other members')
  const result = { intent: intent.sequence, status: 201, versionId: written.versionId, awsRequestIds: [/^[0-9a-f-]{36}$/, /./, /./] }
  const decisions = [{ action: 'GetSecretValue', ...administrator }, { action: 'CreateSecret', ...administrator }]
  t.match(outcome, { event: 'outcome', ...about, ...chain, ...result, decisions })
  t.same(Object.keys(outcome).sort(), ['event', 'decisions', ...Object.keys(about), ...Object.keys(chain), ...Object.keys(result)].sort())
  t.equal(gateway.awsCalls.length, outcome.awsRequestIds.length, 'it names each AWS call')
})

t.test('the intent is on disk before AWS is called', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', `${secrets}/a`, put('v'))
  let atTheCall: AuditRecord
  gateway.awsCalls.push = (operation) => {
    atTheCall = gateway.trail().at(-1)
    return Array.prototype.push.call(gateway.awsCalls, operation)
  }
  const reply = await gateway.send('GET', `${secrets}/a`, { headers: { 'x-request-id': 'r2' } })
  t.match(atTheCall, { event: 'intent', requestId: 'r2' })
  t.match(gateway.trail().at(-1), { event: 'outcome', requestId: 'r2', versionId: reply.json.versionId }, 'the outcome is on disk before the reply is received')
})

t.test('the records of each operation', async (t) => {
  const gateway = await build(t)
  const { json: { versionId: first } } = await gateway.send('PUT', `${secrets}/a`, put('{"k":"1"}'))
  const { json: { versionId: second } } = await gateway.send('PUT', `${secrets}/a`, put('{"k":"2"}'))
  const merge = { headers: { 'content-type': 'application/merge-patch+json' }, body: '{"k":"3"}' }
  const a = { environment: 'dev', name: 'a', credential: 'dev-account' }
  const rotation = { json: { lambdaArn: 'arn:aws:lambda:eu-west-1:111111111111:function:rotator', automaticallyAfterDays: 30, rotateImmediately: false } }
  const cases: [string, string, RequestOptions, object][] = [
    ['GET', '/environments/dev/random-password', {}, { operation: 'getRandomPassword', environment: 'dev', awsRequestIds: [String] }],
    ['GET', secrets, {}, { operation: 'listSecrets', action: 'ListSecrets', decisions: undefined }],
    ['POST', `${secrets}/b`, { json: {} }, { operation: 'createSecret', name: 'b', status: 201, versionId: undefined }],
    ['GET', `${secrets}/a`, {}, { operation: 'readSecret', action: 'GetSecretValue', ...a, status: 200, versionId: second }],
    ['HEAD', `${secrets}/a`, {}, { operation: 'readSecret', status: 200, versionId: second }],
    ['GET', `${secrets}/a?field=k`, { headers: { accept: 'text/plain' } }, { operation: 'readSecret', status: 200, versionId: second }],
    ['GET', `${secrets}/a`, { headers: { 'if-none-match': `"${second}"` } }, { operation: 'readSecret', status: 304, versionId: second }],
    ['GET', `${secrets}/a?versionId=${first}`, {}, { operation: 'readSecret', versionId: first }],
    ['GET', `${secrets}/a?field=none`, {}, { status: 404, code: 'field-not-found', versionId: undefined, awsRequestIds: [String] }],
    ['GET', `${secrets}/none`, {}, { status: 404, code: 'secret-not-found', name: 'none', awsRequestIds: [String] }],
    ['GET', `${secrets}/a/metadata`, {}, { operation: 'describeSecret', action: 'DescribeSecret', ...a }],
    ['GET', `${secrets}/a/versions`, {}, { operation: 'listVersions', action: 'ListSecretVersionIds', ...a }],
    ['PUT', `${secrets}/a/stages/BLUE`, { json: { moveToVersionId: first } }, { operation: 'moveStage', ...a, versionId: first }],
    ['DELETE', `${secrets}/a/stages/BLUE?versionId=${first}`, {}, { operation: 'removeStage', ...a, versionId: first }],
    ['POST', `${secrets}/a/rollback`, { json: {} }, { operation: 'rollBackSecret', ...a, versionId: first }],
    ['PATCH', `${secrets}/a/value`, merge, { operation: 'patchValue', action: 'PutSecretValue', ...a, versionId: String, decisions: [{ action: 'GetSecretValue' }] }],
    ['PATCH', `${secrets}/a`, { json: { description: 'd' } }, { operation: 'updateSecret', action: 'UpdateSecret', ...a }],
    ['PUT', `${secrets}/a/tags`, { json: { team: 'x' } }, { operation: 'tagSecret', action: 'TagResource', ...a }],
    ['DELETE', `${secrets}/a/tags?key=team`, {}, { operation: 'untagSecret', action: 'UntagResource', ...a }],
    ['PUT', `${secrets}/a/rotation`, rotation, { operation: 'setRotation', action: 'ConfigureRotation', ...a, versionId: String }],
    ['POST', `${secrets}/a/rotation`, {}, { operation: 'rotateSecret', action: 'RotateSecret', ...a, status: 202, versionId: String }],
    ['DELETE', `${secrets}/a/rotation`, {}, { operation: 'cancelRotation', action: 'CancelRotateSecret', ...a }],
    ['GET', `${secrets}/a/policy`, {}, { operation: 'readPolicy', action: 'GetResourcePolicy', ...a }],
    ['PUT', `${secrets}/a/replicas`, { json: { replicaRegions: [{ region: 'eu-central-1' }] } }, { action: 'ReplicateSecretToRegions', ...a }],
    ['DELETE', `${secrets}/a/replicas?region=eu-central-1`, {}, { action: 'RemoveRegionsFromReplication', ...a }],
    ['DELETE', `${secrets}/a`, {}, { operation: 'deleteSecret', action: 'DeleteSecret', ...a, status: 200 }],
    ['POST', `${secrets}/a/restore`, {}, { operation: 'restoreSecret', action: 'RestoreSecret', ...a, status: 200 }],
    ['DELETE', `${secrets}/a?force=true`, {}, { operation: 'deleteSecret', decisions: [{ action: 'ForceDeleteSecret', ...administrator }] }]
  ]
  for (const [method, path, options, expected] of cases) {
    const records = await recordsOf(gateway, method, path, options)
    await gateway.rotateDue()
    t.match(records.map(({ event }) => event), ['intent', 'outcome'], `${method} ${path}`)
    t.match(records[1], { intent: records[0].sequence, ...expected }, `${method} ${path}`)
  }
  const withoutAws: [string, object][] = [
    ['/environments', { operation: 'listEnvironments', action: 'DescribeEnvironment', environment: undefined, decision: undefined }],
    ['/environments/dev', { operation: 'describeEnvironment', environment: 'dev', decision: administrator }]
  ]
  for (const [path, expected] of withoutAws) {
    t.match(await recordsOf(gateway, 'GET', path, {}), [{ event: 'outcome', intent: undefined, ...expected }], `${path}: nothing is announced`)
  }
  for (const path of ['/health/live', '/health/ready', '/openapi.json', '/docs/']) t.same(await recordsOf(gateway, 'GET', path, { token: null }), [], path)
  t.match(await verifyFiles(gateway.trailFile), { findings: [], notes: [] })
})

t.test('every route records rejected callers', async (t) => {
  const gateway = await build(t)
  const { paths } = gateway.fastify.swagger() as unknown as { paths: Record<string, Record<string, { operationId: string, security?: object[] }>> }
  const operations = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })))
  const guarded = operations.filter(({ security }) => security === undefined)
  t.ok(guarded.length >= 20)
  for (const { path, method, operationId } of guarded) {
    const records = await recordsOf(gateway, method.toUpperCase(), path.replace('{env}', 'dev').replace('{name}', 'a').replace(/\{\w+\}/g, 'x'), { token: null })
    // AWS's status for this is 400.
    const status = operationId === 'callAws' ? 400 : 401
    t.match(records, [{ event: 'denial', operation: operationId, status, code: 'unauthenticated', reason: 'no-token', caller: undefined, decision: undefined }], operationId)
    t.equal(records.length, 1)
  }
})

t.test('a refusal leaves one record, whatever its reason', async (t) => {
  const gateway = await build(t)
  const a = `${secrets}/a`
  const denied = { allowed: false, policies: [] }
  const cases: Record<string, [string, string, RequestOptions, object]> = {
    'no permission': ['DELETE', a, { token: tokens.reader }, { status: 403, code: 'forbidden', caller: { id: 'reader' }, action: 'DeleteSecret', environment: 'dev', name: 'a', decision: denied }],
    'a hidden environment': ['GET', '/environments/prod/secrets/a', { token: tokens.reader }, { status: 404, code: 'not-found', environment: 'prod', name: 'a', decision: denied }],
    'an environment that does not exist': ['GET', '/environments/none/secrets/a', {}, { status: 404, code: 'not-found', environment: undefined, decision: denied }],
    'a credential of another environment': ['GET', a, { headers: { 'aws-credential-id': 'prod-account' } }, { status: 403, credential: 'prod-account', decision: denied }],
    'a credential that does not exist': ['GET', a, { headers: { 'aws-credential-id': 'none' } }, { status: 403, credential: undefined, decision: denied }],
    'an unknown token': ['GET', a, { token: 'unknown-token-for-tests' }, { status: 401, reason: String, caller: undefined, name: 'a' }],
    'an expired key': ['GET', a, { token: tokens.expired }, { status: 401, reason: String }],
    'an invalid body': ['PUT', a, { json: { value: 1 } }, { status: 400, code: 'invalid-request', caller: { id: 'administrator' }, name: 'a', decision: administrator }],
    'an invalid name': ['PUT', `${secrets}/a%20b`, put('v'), { status: 400, environment: 'dev', name: undefined, decision: undefined }],
    'another media type': ['PUT', a, { headers: { 'content-type': 'text/plain' }, body: 'v' }, { status: 415, code: 'unsupported-media-type' }],
    'a body that is too large': ['PUT', a, put('v'.repeat(1024 * 1024)), { status: 413 }],
    'a header that the route does not support': ['GET', a, { headers: { 'if-match': '*' } }, { status: 400 }],
    'malformed percent-encoding': ['GET', `${secrets}/%ZZ`, {}, { status: 400, code: 'malformed-request', operation: undefined, peer: '127.0.0.1' }],
    'an unknown path': ['GET', '/nowhere', {}, { status: 404, code: 'not-found', operation: undefined }],
    'another method': ['DELETE', '/environments', {}, { status: 405, code: 'method-not-allowed' }],
    'on a public route': ['GET', '/health/live', { headers: { 'x-forwarded-for': '10.0.0.1' } }, { status: 400, operation: 'isLive', action: undefined }]
  }
  for (const [what, [method, path, options, expected]] of Object.entries(cases)) {
    const records = await recordsOf(gateway, method, path, options)
    t.match(records, [{ event: 'denial', requestId: String, ...expected }], what)
    t.equal(records.length, 1, what)
  }
  t.same(gateway.awsCalls, [])

  t.test('malformed HTTP is recorded too', async (t) => {
    const before = gateway.trail().length
    const { hostname, port } = new URL(gateway.url)
    const socket = connect(Number(port), hostname, () => { socket.write('not HTTP\r\n\r\n'); socket.write('not HTTP\r\n\r\n') })
    for await (const _ of socket); // eslint-disable-line @typescript-eslint/no-unused-vars -- waits until the connection ends
    t.match(gateway.trail().slice(before), [{ event: 'denial', requestId: String, peer: '127.0.0.1', status: 400, code: 'malformed-request' }])
    t.equal(gateway.trail().length, before + 1)
  })

  t.test('a permission that is denied while a request is handled is in its outcome', async (t) => {
    const [, outcome] = await recordsOf(gateway, 'PUT', `${secrets}/a`, { ...put('v'), token: tokens.writer })
    t.match(outcome, { event: 'outcome', status: 404, decision: { allowed: true, policies: ['writer'] }, decisions: [{ action: 'GetSecretValue', ...denied }, { action: 'CreateSecret', ...denied }] })
  })
})

t.test('a request for many secrets leaves a record of each secret', async (t) => {
  const gateway = await build(t, {
    authorization: policies(`
      @id("administrators") permit (principal in Group::"administrators", action, resource);
      @id("sees") permit (principal == Caller::"reader", action in [Action::"DescribeEnvironment", Action::"BatchGetSecretValue"], resource);
      @id("reads-a") permit (principal == Caller::"reader", action == Action::"GetSecretValue", resource) when { resource has name && (resource.name like "a*" || resource.name like "*/a") };
    `)
  })
  const bulk = { json: { secrets: [{ name: 'a', value: 'v' }, { name: 'b', value: 'v' }], secretNames: ['c'], onConflict: 'update' } }
  const names = (records: AuditRecord[]): string[] => records.map(({ event, name = '', names = [name] }) => `${event} ${names.join()}`.trim())

  const [, ...created] = await recordsOf(gateway, 'POST', secrets, bulk)
  t.same(names(created), ['item a,b', 'item c', 'outcome'], 'secrets with the same result share a record')
  t.match(created, [{ name: undefined, action: 'CreateSecret', result: 'created', status: 200, versionId: undefined, versionIds: [String, String], decision: administrator }, { name: 'c', names: undefined, result: 'created', versionId: undefined }, { items: 3, status: 201, decisions: undefined }])
  const [, ...again] = await recordsOf(gateway, 'POST', secrets, bulk)
  t.match(again[0], { result: 'skipped', decisions: ['UpdateSecret', 'PutSecretValue', 'GetSecretValue'].map((action) => ({ action, ...administrator })) }, 'it already has the value')
  const [, updated] = await recordsOf(gateway, 'POST', secrets, { json: { secrets: [{ name: 'a', value: 'w' }], onConflict: 'update' } })
  t.match(updated, { result: 'updated', versionId: String, decisions: ['UpdateSecret', 'PutSecretValue', 'GetSecretValue'].map((action) => ({ action, ...administrator })) })
  t.match((await recordsOf(gateway, 'POST', secrets, { json: { secretNames: ['a', 'd'], dryRun: true } })).slice(1), [{ result: 'planned', status: 409, code: 'secret-exists' }, { result: 'planned', name: 'd' }, { items: 2 }])

  const [intent, ...read] = await recordsOf(gateway, 'POST', '/environments/dev/values', { json: { names: ['a', 'b', 'c', 'none'] } })
  t.match(read, [
    {
      event: 'item',
      intent: intent.sequence,
      caller: { id: 'administrator' },
      action: 'GetSecretValue',
      environment: 'dev',
      names: ['a', 'b'],
      credential: 'dev-account',
      decision: administrator,
      status: 200,
      versionIds: [updated.versionId, created[0].versionIds[1]]
    },
    { event: 'item', name: 'c', status: 409, code: 'secret-has-no-value', versionId: undefined },
    { event: 'item', name: 'none', status: 404, code: 'secret-not-found' },
    { event: 'outcome', action: 'BatchGetSecretValue', name: undefined, items: 4, status: 200, awsRequestIds: [String] }
  ])

  const reader = { token: tokens.reader }
  const denied = { status: 403, code: 'forbidden', decision: { allowed: false, policies: [] }, versionId: undefined }
  const [, ...some] = await recordsOf(gateway, 'POST', '/environments/dev/values', { ...reader, json: { names: ['b', 'a'] } })
  t.match(some, [{ name: 'b', ...denied }, { name: 'a', status: 200, decision: { policies: ['reads-a'] } }, { items: 2 }])
  await gateway.send('POST', secrets, { json: { secrets: [{ name: 'both/a', value: 'v' }, { name: 'both/b', value: 'v' }] } })
  gateway.catchUp()
  const reply = await gateway.send('POST', '/environments/dev/values', { ...reader, json: { filters: { namePrefix: 'both/' } } })
  t.same(reply.json.items.map(({ name }: { name: string }) => name), ['both/a'])
  const matching = gateway.trail().slice(-3)
  t.same(matching.slice(0, 2).map(({ name, status }) => [name, status]).sort(), [['both/a', 200], ['both/b', 403]], 'secrets that match but that the caller may not read are recorded, too')
  t.match(matching[2], { event: 'outcome', items: 2 })

  const many = { json: { secretNames: Array.from({ length: 101 }, (_, index) => `many/${index}`) } }
  const [, ...records] = await recordsOf(gateway, 'POST', secrets, many)
  t.match([records.length, records[0].names.length, records.at(-1).awsRequestIds.length, records.at(-1).awsCalls], [2, 101, 100, gateway.isRealistic ? Number : 101])
  t.match(await verifyFiles(gateway.trailFile), { findings: [] })
})

t.test('the records of a request are hardly larger than the request', async (t) => {
  const gateway = await build(t, {
    authorization: policies(`
      @id("administrators") permit (principal in Group::"administrators", action, resource);
      @id("promotes") permit (principal == Caller::"reader", action in [Action::"DescribeEnvironment", Action::"BatchGetSecretValue",
        Action::"CreateSecret", Action::"PromoteSecret"], resource is Environment);
      @id("not-odd") forbid (principal, action, resource is Secret) when { resource has name && resource.name like "*1" };
    `)
  })
  const short = Array.from({ length: 1_000 }, (_, index) => `n${index}`)
  const long = Array.from({ length: 300 }, (_, index) => `${'x'.repeat(400)}/${index}`)
  for (const names of [short, long]) {
    const requests: [string, object][] = [
      ['/environments/dev/values', { names }],
      [secrets, { secretNames: names }],
      [secrets, { secretNames: names, dryRun: true }],
      ['/environments/staging/promotions', { from: 'dev', names }]
    ]
    for (const [path, json] of requests) {
      const before = gateway.trail().length
      const size = statSync(gateway.trailFile).size
      await gateway.send('POST', path, { token: tokens.reader, json })
      const text = JSON.stringify(json)
      const written = statSync(gateway.trailFile).size - size
      t.ok(written < 3 * text.length + 10_000, `${path}: ${written} bytes for ${text.length}`)
      const items = gateway.trail().slice(before).filter(({ event, environment }) => event === 'item' && environment === 'dev')
      t.same(items.flatMap(({ names }) => names).sort(), [...names].sort(), 'each name is recorded')
      for (const { names, status, decision } of items) {
        const isOdd = String(names[0]).endsWith('1')
        t.match({ status, decision }, { status: 403, decision: { allowed: false, policies: isOdd ? ['not-odd'] : [] } }, 'with the policies that decided')
        t.ok(names.every((name: string) => name.endsWith('1') === isOdd))
      }
    }
  }
  t.match(await verifyFiles(gateway.trailFile), { findings: [] })
})

t.test('secrets that the request does not name are recorded up to a limit', async (t) => {
  const gateway = await build(t, {
    authorization: policies(`
      @id("administrators") permit (principal in Group::"administrators", action, resource);
      @id("reads-none") permit (principal == Caller::"reader", action in [Action::"DescribeEnvironment", Action::"BatchGetSecretValue",
        Action::"ListSecrets", Action::"CompareValues", Action::"PromoteSecret"], resource is Environment);
    `)
  })
  const secretNames = Array.from({ length: 1_005 }, (_, index) => `many/${index}`)
  t.equal((await gateway.send('POST', secrets, { json: { secretNames, settings: { concurrency: 32 } } })).status, 201)
  gateway.catchUp()
  const requests: [string, string, RequestOptions][] = [
    ['POST', '/environments/dev/values', { json: { filters: { namePrefix: 'many/' } } }],
    ['GET', '/consistency?environments=dev&compareValues=true', {}],
    ['POST', '/environments/staging/promotions', { json: { from: 'dev', missing: true } }]
  ]
  for (const [method, path, options] of requests) {
    const records = await recordsOf(gateway, method, path, { ...options, token: tokens.reader })
    t.match(records.map(({ event }) => event), ['intent', 'item', 'outcome'])
    t.match(records[1], { status: 403, names: { length: 1_000 }, decision: { allowed: false } }, path)
    t.match(records[2], { items: 1_000, unlisted: 5 })
  }
  const list = await recordsOf(gateway, 'GET', secrets, { token: tokens.reader })
  t.match(list, [{ event: 'intent' }, { event: 'outcome', status: 200, unlisted: undefined, decisions: undefined }], 'a list is a single request')
})

t.test('a login is recorded, and issues no token without a record', async (t) => {
  const principal = { accessKeyId: 'AKIAUSERUSERUSER', secretAccessKey: 'secret-of-the-user', account: '111122223333', userId: 'AIDAUSERUSERUSERUSER', arn: 'arn:aws:iam::111122223333:user/user' }
  const sts = await startSts(t, [principal])
  const aws = { serverId: 'gateway.test', regions: ['eu-west-1'], identities: [{ account: '111122223333', uniqueId: 'AIDAUSERUSERUSERUSER' }] }
  const gateway = await build(t, { authentication: { ...declared.authentication, aws }, aws: { stsEndpoint: sts.url } })
  const logIn = async (nonce: string): Promise<RequestOptions> =>
    ({ token: null, json: { headers: await signCallerIdentity(principal, { host: new URL(sts.url).host, headers: { 'x-secrets-gateway-nonce': nonce } }) } })
  const first = await logIn('first')
  const records = await recordsOf(gateway, 'POST', '/auth/aws/login', first)
  t.match(records, [{ event: 'outcome', operation: 'logInWithAws', status: 200, caller: { id: 'aws:111122223333:AIDAUSERUSERUSERUSER', method: 'aws' } }])
  t.match(await recordsOf(gateway, 'POST', '/auth/aws/login', first), [{ event: 'denial', operation: 'logInWithAws', status: 401, reason: String, caller: undefined }])
  rmSync(dirname(gateway.trailFile), { recursive: true })
  const reply = await gateway.send('POST', '/auth/aws/login', await logIn('second'))
  t.match(reply, { status: 503, json: { code: 'audit-unavailable' } })
  t.notMatch(reply.text, 'token"')
})

t.test('no record contains a value, a token or a query string', async (t) => {
  const gateway = await build(t)
  const canary = 'canary-value-4711'
  const bodies: RequestOptions[] = [put(canary), { json: { value: { [canary]: canary } } }, { json: { value: canary, encoding: canary } }, { body: canary }]
  for (const body of bodies) await gateway.send('PUT', `${secrets}/a`, body)
  await gateway.send('PATCH', `${secrets}/a/value`, { headers: { 'content-type': 'application/merge-patch+json' }, body: JSON.stringify({ [canary]: canary }) })
  await gateway.send('POST', secrets, { json: { secrets: [{ name: 'b', value: canary, description: canary, tags: { [canary]: canary } }] } })
  await gateway.send('POST', '/environments/dev/values', { json: { names: ['a', 'b'] } })
  for (const query of ['versionStage', 'versionId', 'field', 'access_token']) await gateway.send('GET', `${secrets}/a?${query}=${canary}`)
  await gateway.send('GET', secrets, { token: canary })
  await gateway.send('GET', `/${canary}`)
  await gateway.send('GET', `/environments/${canary}/secrets/%20${canary}`)
  await gateway.send('GET', `${secrets}/a`, { headers: { 'aws-credential-id': canary, 'if-none-match': canary } })
  await gateway.send('GET', `${secrets}/a`, { headers: { 'if-match': canary, 'x-forwarded-for': canary, 'x-request-id': `${canary} ` } })
  await sendRaw(gateway.url, { path: `/${canary}`, headers: [[canary, canary], ['Transfer-Encoding', canary]] })
  const all = gateway.trail().map((record) => JSON.stringify(record))
  t.ok(all.length > 25)
  t.notMatch(all.filter((record) => !record.includes(`"requestId":"${canary}`)).join('\n'), canary)
  for (const token of Object.values(tokens)) t.notMatch(all.join('\n'), token)
})

/** Removes the trail's folder, so that the trail is not writable until `mend` is called. */
function breaks (gateway: Gateway): { mend: () => Promise<void> } {
  const folder = dirname(gateway.trailFile)
  rmSync(folder, { recursive: true })
  return {
    mend: async () => {
      mkdirSync(folder)
      await until(() => gateway.fastify.audit.isWritable)
    }
  }
}

const unavailable = { status: 503, json: { code: 'audit-unavailable' } }

t.test('a bulk create stops when the trail fails in the middle', async (t) => {
  const gateway = await build(t)
  const total = 1_000
  const response = await fetch(gateway.url + secrets, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.administrator}`, accept: 'application/x-ndjson', 'content-type': 'application/json' },
    body: JSON.stringify({ secretNames: Array.from({ length: total }, (_, index) => `many/${index}`), settings: { concurrency: 1 } })
  })
  const reader = (response.body ?? t.fail() as never).getReader()
  const { value } = await reader.read()
  t.match(new TextDecoder().decode(value), '"result":"created"')
  breaks(gateway)
  let text = ''
  const rest = async (): Promise<void> => {
    const { done, value } = await reader.read()
    text += new TextDecoder().decode(value)
    if (!done) await rest()
  }
  await t.rejects(rest(), 'the reply is broken off')
  t.notMatch(text, '"summary"')
  const created = gateway.awsCalls.filter((operation) => operation === 'CreateSecret').length
  t.ok(created > 0 && created < total, `${created} of ${total} secrets were created`)
})

t.test('while the trail is not writable, requests are refused and disclose nothing', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', `${secrets}/a`, put('canary-value-4711'))
  gateway.awsCalls.length = 0
  const { mend } = breaks(gateway)
  const requests: [string, string, RequestOptions?][] = [
    ['GET', `${secrets}/a`], ['PUT', `${secrets}/a`, put('other')], ['DELETE', `${secrets}/a`], ['POST', '/environments/dev/values', { json: { names: ['a'] } }],
    ['POST', secrets, { json: { secretNames: ['b'] } }], ['GET', '/environments'], ['GET', `${secrets}/a`, { token: null }],
    ['GET', `${secrets}/a`, { token: tokens.stranger }], ['PUT', `${secrets}/a`, put('')], ['GET', '/nowhere'], ['GET', `${secrets}/%ZZ`]
  ]
  for (const [method, path, options] of requests) {
    const reply = await gateway.send(method, path, options)
    t.match(reply, unavailable, `${method} ${path}`)
    t.equal(reply.headers.get('retry-after'), '1')
    t.notMatch(reply.text, 'canary')
  }
  t.match(await sendRaw(gateway.url, { headers: [['Content-Length', 'x']] }), { status: 503, code: 'audit-unavailable' })
  t.same(gateway.awsCalls, [])
  t.match(await gateway.send('GET', '/health/ready'), unavailable)
  t.match(await gateway.send('GET', '/health/live'), { status: 200 })
  t.match(gateway.log.join(''), /"reason":"audit.file: found ENOENT on opening [^"]*".*the audit trail can not be written/)

  await mend()
  t.match(gateway.trail(), [{ event: 'resume', found: 'removed', refused: requests.length + 1 }])
  t.match(await gateway.send('GET', `${secrets}/a`), { status: 200, json: { value: 'canary-value-4711' } })
  t.match(await gateway.send('GET', '/health/ready'), { status: 200 })
  t.equal(gateway.trail().length, 3)
})

t.test('a value is not disclosed if reading it can no longer be recorded', async (t) => {
  const gateway = await build(t)
  const { json: { versionId } } = await gateway.send('PUT', `${secrets}/a`, put('canary-value-4711'))
  const breakAt = (wanted: string): { mend: () => Promise<void> } => {
    let broken: { mend: () => Promise<void> } | undefined
    gateway.awsCalls.push = (operation) => {
      if (operation === wanted) broken ??= breaks(gateway)
      return 0
    }
    return { mend: async () => broken?.mend() }
  }
  for (const [options, wanted] of [[{}, 'GetSecretValue'], [{ headers: { accept: 'text/plain' } }, 'GetSecretValue'], [{ headers: { 'if-none-match': `"${versionId}"` } }, 'GetSecretValue']] as const) {
    const { mend } = breakAt(wanted)
    const reply = await gateway.send('GET', `${secrets}/a`, options)
    t.match(reply, unavailable)
    t.equal(reply.headers.get('etag'), null)
    t.notMatch(reply.text, 'canary')
    await mend()
  }
  const { mend } = breakAt('PutSecretValue')
  const reply = await gateway.send('PUT', `${secrets}/a`, put('second'))
  t.match(reply, { ...unavailable, json: { detail: /A write may have been carried out/ } })
  await mend()
  gateway.awsCalls.push = () => 0
  t.equal((await gateway.send('GET', `${secrets}/a`)).json.value, 'second', 'the write was made, as the reply warned')
})

t.test('a configuration reload moves the trail to another file, and changes none of its other settings', async (t) => {
  const gateway = await build(t)
  const { config } = gateway.fastify
  t.throws(() => { config.replace({ ...config.current, audit: { ...config.current.audit, durability: 'synced' } }) }, {
    name: 'ConfigError', message: 'audit: found a change, expected the same as at the start: a change requires a restart'
  })
  renameSync(gateway.trailFile, `${gateway.trailFile}.1`)
  config.replace({ ...config.current })
  await until(() => gateway.log.join('').includes('"found":"moved"'))
  t.match(gateway.trail(), [{ event: 'resume' }])
  await gateway.send('GET', '/environments')
  t.match(await verifyFiles(`${gateway.trailFile}.1`, gateway.trailFile), { findings: [], records: 3 })
})

t.test('the trail\'s control records are also logged', async (t) => {
  const gateway = await build(t)
  await gateway.fastify.close()
  const [start, close] = gateway.log.filter((line) => line.includes('"audit":')).map((line): AuditRecord => JSON.parse(line))
  t.match(start, { audit: { event: 'start', sequence: 1, hash: gateway.trail()[0].hash }, msg: 'audit trail' })
  t.match(close, { audit: { event: 'close', sequence: 2, hash: gateway.trail()[1].hash } })
})
