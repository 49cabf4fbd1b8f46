import { createHash } from 'node:crypto'
import t from 'tap'
import { callAws, clientOf, keysFor, signedCall, type SignedParts } from '#test/aws-endpoint'
import { build, caching, declared, tokens, type Gateway, type Reply } from '#test/helper'
import { sendRaw, type RawRequest } from '#test/raw'

const token = '00000000-0000-4000-8000-000000000001'

t.test('callAws: the life cycle of a secret, with AWS\'s SDK', async (t) => {
  const gateway = await build(t)
  const client = clientOf(gateway, await keysFor(gateway))
  t.teardown(() => { client.destroy() })
  const { ARN: arn } = await client.createSecret({ Name: 'dev/a', SecretString: 'one', Tags: [{ Key: 'team', Value: 'a' }] })
  t.match(arn, /:secret:dev\/a-\w{6}$/)
  t.match(await client.getSecretValue({ SecretId: 'dev/a' }), { ARN: arn, Name: 'dev/a', SecretString: 'one', VersionStages: ['AWSCURRENT'], CreatedDate: Date })
  const { VersionId: second = '' } = await client.putSecretValue({ SecretId: 'dev/a', SecretBinary: Buffer.from([0, 255]) })
  t.same(Buffer.from((await client.getSecretValue({ SecretId: arn })).SecretBinary ?? []), Buffer.from([0, 255]))
  t.match(await client.getSecretValue({ SecretId: 'dev/a', VersionStage: 'AWSPREVIOUS' }), { SecretString: 'one' })
  t.match(await client.getSecretValue({ SecretId: arn?.slice(0, -7), VersionId: second }), { VersionId: second }, 'an ARN without its last characters')
  t.match(await client.updateSecret({ SecretId: 'dev/a', Description: 'A secret' }), { ARN: arn })
  t.match(await client.describeSecret({ SecretId: 'dev/a' }), { Description: 'A secret', Tags: [{ Key: 'team', Value: 'a' }], LastChangedDate: Date })
  await client.tagResource({ SecretId: 'dev/a', Tags: [{ Key: 'more', Value: 'b' }] })
  await client.untagResource({ SecretId: arn, TagKeys: ['team'] })
  t.match(await client.listSecrets({}), { SecretList: [{ ARN: arn, Name: 'dev/a', Tags: [{ Key: 'more', Value: 'b' }] }], NextToken: undefined })
  t.match(await client.listSecretVersionIds({ SecretId: 'dev/a' }), { ARN: arn, Versions: { length: 2 } })
  await client.updateSecretVersionStage({ SecretId: 'dev/a', VersionStage: 'BLUE', MoveToVersionId: second })
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Deny', Principal: '*', Action: 'secretsmanager:DeleteSecret', Resource: '*' }] })
  t.match(await client.validateResourcePolicy({ SecretId: 'dev/a', ResourcePolicy: policy }), { PolicyValidationPassed: true })
  await client.putResourcePolicy({ SecretId: 'dev/a', ResourcePolicy: policy })
  t.match(await client.getResourcePolicy({ SecretId: 'dev/a' }), { ResourcePolicy: policy })
  await client.deleteResourcePolicy({ SecretId: 'dev/a' })
  t.match(await client.replicateSecretToRegions({ SecretId: 'dev/a', AddReplicaRegions: [{ Region: 'eu-central-1' }] }), { ReplicationStatus: [{ Region: 'eu-central-1' }] })
  t.match(await client.removeRegionsFromReplication({ SecretId: 'dev/a', RemoveReplicaRegions: ['eu-central-1'] }), { ARN: arn })
  t.match(await client.deleteSecret({ SecretId: 'dev/a' }), { ARN: arn, DeletionDate: Date })
  await t.rejects(client.getSecretValue({ SecretId: 'dev/a' }), { name: 'InvalidRequestException' })
  t.match(await client.restoreSecret({ SecretId: 'dev/a' }), { ARN: arn, Name: 'dev/a' })
  t.match((await client.getRandomPassword({ PasswordLength: 20 })).RandomPassword, /^.{20}$/)
  await t.rejects(client.rotateSecret({ SecretId: 'dev/a' }), { name: 'InvalidRequestException', message: 'No Lambda rotation function ARN is associated with this secret.' })
  await client.deleteSecret({ SecretId: 'dev/a', ForceDeleteWithoutRecovery: true })
  await t.rejects(client.getSecretValue({ SecretId: arn }), { name: 'ResourceNotFoundException', message: 'Secrets Manager can\'t find the specified secret.' })
  t.match(gateway.trail().filter(({ operation, event }) => operation === 'callAws' && event === 'intent').map(({ action }) => action),
    ['CreateSecret', 'GetSecretValue', 'PutSecretValue'], 'each call is recorded under its own action')
})

t.test('callAws: refused requests get AWS\'s errors', async (t) => {
  const gateway = await build(t)
  await callAws(gateway, 'CreateSecret', { Name: 'dev/a', SecretString: 'one', ClientRequestToken: token })
  const calls = gateway.awsCalls.length
  for (const [what, operation, input, type, options] of [
    ['an operation that AWS does not have', 'GetSecrets', {}, 'UnknownOperationException'],
    ['an operation that the SDK does not have', 'ListResourcePolicies', { SecretId: 'dev/a' }, 'UnknownOperationException'],
    ['a member that the SDK does not have', 'GetResourcePolicy', { SecretId: 'dev/a', PolicyName: 'x' }, 'InvalidParameterException'],
    ['another media type', 'GetSecretValue', { SecretId: 'dev/a' }, 'UnknownOperationException', { headers: { 'content-type': 'application/json' } }],
    ['another target', 'GetSecretValue', { SecretId: 'dev/a' }, 'UnknownOperationException', { headers: { 'x-amz-target': 'kms.Decrypt' } }],
    ['what is not JSON', 'GetSecretValue', '{"SecretId":', 'SerializationException'],
    ['a list', 'GetSecretValue', [], 'SerializationException'],
    ['a value of the wrong type', 'GetSecretValue', { SecretId: 1 }, 'SerializationException'],
    ['a missing member', 'GetSecretValue', {}, 'ValidationException'],
    ['a name that is too long', 'CreateSecret', { Name: 'a'.repeat(513), ClientRequestToken: token }, 'ValidationException'],
    ['a name that is none', 'GetSecretValue', { SecretId: 'dev/a b' }, 'ValidationException'],
    ['a missing token', 'PutSecretValue', { SecretId: 'dev/a', SecretString: 'x' }, 'InvalidRequestException'],
    ['a missing token of a rotation', 'RotateSecret', { SecretId: 'dev/a' }, 'InvalidParameterException'],
    ['a read outside the environment', 'GetSecretValue', { SecretId: 'production-secrets/a' }, 'ResourceNotFoundException'],
    ['a write outside the environment', 'PutSecretValue', { SecretId: 'a', SecretString: 'x', ClientRequestToken: token }, 'ResourceNotFoundException'],
    ['an ARN in another region', 'GetSecretValue', { SecretId: 'arn:aws:secretsmanager:eu-west-2:111111111111:secret:dev/a-AbCdEf' }, 'ResourceNotFoundException'],
    ['an ARN as the name of a new secret', 'CreateSecret', { Name: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:dev/a-AbCdEf', ClientRequestToken: token }, 'ValidationException'],
    ['a creation outside the environment', 'CreateSecret', { Name: 'a', ClientRequestToken: token }, 'AccessDeniedException'],
    ['a token of another list', 'ListSecrets', { NextToken: 'x' }, 'InvalidNextTokenException'],
    ['too long a token', 'ListSecrets', { NextToken: 'x'.repeat(8_193) }, 'ValidationException'],
    ['a long token of another list', 'ListSecrets', { NextToken: 'x'.repeat(8_192) }, 'InvalidNextTokenException'],
    ['both secrets and filters', 'BatchGetSecretValue', { SecretIdList: ['dev/a'], Filters: [{ Key: 'name', Values: ['dev/'] }] }, 'InvalidParameterException'],
    ['secrets and a page', 'BatchGetSecretValue', { SecretIdList: ['dev/a'], MaxResults: 3 }, 'InvalidParameterException'],
    ['no filters', 'BatchGetSecretValue', { Filters: [] }, 'InvalidParameterException'],
    ['a policy without a secret', 'ValidateResourcePolicy', { ResourcePolicy: '{}' }, 'AccessDeniedException'],
    ['a conflict of tags', 'CreateSecret', { Name: 'production-secrets/a', ClientRequestToken: token, Tags: [{ Key: 'environment', Value: 'x' }] }, 'ValidationException', { environment: 'prod' }],
    ['an environment that does not exist', 'GetSecretValue', { SecretId: 'dev/a' }, 'AccessDeniedException', { environment: 'none' }],
    ['a caller who may not see the environment', 'GetSecretValue', { SecretId: 'dev/a' }, 'AccessDeniedException', { token: tokens.stranger }],
    ['a caller who may not write', 'PutSecretValue', { SecretId: 'dev/a', SecretString: 'x', ClientRequestToken: token }, 'AccessDeniedException', { token: tokens.reader }],
    ['a caller who may not set a value', 'UpdateSecret', { SecretId: 'dev/a', SecretString: 'x', ClientRequestToken: token }, 'AccessDeniedException', { token: tokens.reader }],
    ['a protected environment', 'DeleteSecret', { SecretId: 'production-secrets/a', ForceDeleteWithoutRecovery: true }, 'AccessDeniedException', { environment: 'prod' }],
    ['a header that is not taken', 'GetSecretValue', { SecretId: 'dev/a' }, 'ValidationException', { headers: { 'idempotency-key': 'x' } }]
  ] as const) {
    const reply = await callAws(gateway, operation, input, options)
    t.match(reply, { status: 400, json: { __type: type, Message: /./ } }, what)
    t.equal(reply.headers.get('content-type'), 'application/x-amz-json-1.1')
    t.equal(reply.headers.get('x-amzn-requestid'), reply.headers.get('x-request-id'))
    t.match(gateway.trail().at(-1), { operation: 'callAws', status: 400, code: /./ }, `${what} is recorded`)
  }
  t.equal(gateway.awsCalls.length, calls, 'AWS is not asked')
  const tooLarge = await callAws(gateway, 'PutSecretValue', `{"SecretId":"dev/a","SecretString":"${'x'.repeat(1024 * 1024)}"}`)
  t.match(tooLarge, { status: 413, json: { __type: 'RequestEntityTooLarge' } })
})

t.test('callAws: the forms in which clients send signed calls', async (t) => {
  const gateway = await build(t)
  await create(gateway, 'canary')
  const keys = await keysFor(gateway)
  const body = '{"SecretId":"dev/canary"}'
  const path = '/environments/dev/aws'
  const asSigned = (call: RawRequest): RawRequest => call
  const inChunks = ({ headers, ...call }: Awaited<ReturnType<typeof signedCall>>): RawRequest => ({
    ...call, headers: [...headers, ['Transfer-Encoding', 'chunked']], body: `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  })
  const forms: readonly [what: string, parts: SignedParts, change?: (call: Awaited<ReturnType<typeof signedCall>>) => RawRequest][] = [
    ['as the SDK for JavaScript', {}],
    ['with a slash at the end of the path', { path: `${path}/` }],
    ['with the hash of the body', { headers: { 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') } }],
    ['with a charset', { headers: { 'content-type': 'application/x-amz-json-1.1; charset=utf-8' } }],
    ['with a header that a proxy has added', {}, (call) => ({ ...call, headers: [...call.headers, ['X-Amz-Cf-Id', 'x']] })],
    ['with a header of a tracing library', {}, (call) => ({ ...call, headers: [...call.headers, ['X-Amzn-Trace-Id', 'Root=1-67891233-abcdef012345678912345678']] })],
    ['with tabs and no blanks in the signature', {}, (call) => ({
      ...call, headers: call.headers.map(([name, value]) => [name, name === 'authorization' ? value.replace(' ', '\t').replaceAll(', ', ',') : value])
    })],
    ['with the body in chunks', {}, inChunks],
    ['with an empty query string', {}, (call) => ({ ...call, path: `${path}?` })],
    ['with an absolute URL in the request line', {}, (call) => ({ ...call, path: `http://gateway.test${path}` })],
    ['with an absolute URL that has a slash at its end', { path: `${path}/` }, (call) => ({ ...call, path: `http://gateway.test${path}/` })],
    ['for the region of the program, which may be another one', { region: 'us-east-1' }]
  ]
  for (const [what, parts, change = asSigned] of forms) {
    t.match(await sendRaw(gateway.url, change(await signedCall(keys, parts))), { status: 200, text: '"SecretString":"canary"' }, what)
  }
})

t.test('callAws: a caller who sends too many requests gets a throttling error', async (t) => {
  const gateway = await build(t, { limits: { requestsPerSecond: 1, burst: 2, perEnvironment: { requestsPerSecond: 10, burst: 100 } } })
  const keys = await keysFor(gateway)
  const signed = async (): Promise<string | undefined> => (await sendRaw(gateway.url, await signedCall(keys)))?.code
  t.ok((await Promise.all(Array.from({ length: 20 }, signed))).includes('ThrottlingException'), 'signed calls')
  const replies = await Promise.all(Array.from({ length: 20 }, async () => callAws(gateway, 'GetSecretValue', { SecretId: 'dev/a' })))
  const refused = replies.find(({ json }) => json.__type === 'ThrottlingException')
  t.match(refused, { status: 400, json: { Message: /./ } }, 'calls with a token')
  t.match(refused?.headers.get('retry-after'), /^\d+$/)
  t.match(gateway.trail().find(({ code }) => code === 'rate-limited'), { event: 'denial', operation: 'callAws', status: 400 })
})

t.test('callAws: AWS\'s errors are passed on, except those about the gateway\'s credential', async (t) => {
  const gateway = await build(t)
  const twice = { Name: 'dev/a', SecretString: 'one', ClientRequestToken: token }
  await callAws(gateway, 'CreateSecret', twice)
  t.match(await callAws(gateway, 'CreateSecret', { ...twice, ClientRequestToken: token.replace('1', '2') }),
    { status: 400, json: { __type: 'ResourceExistsException', Message: 'The operation failed because the secret dev/a already exists.' } })
  t.match(await callAws(gateway, 'GetSecretValue', { SecretId: 'dev/a', VersionStage: 'BLUE' }),
    { json: { __type: 'ResourceNotFoundException', Message: 'Secrets Manager can\'t find the specified secret value for staging label: BLUE' } })
  const invalid = await callAws(gateway, 'GetSecretValue', { SecretId: 'dev/a' }, { headers: { 'aws-credential-id': 'unknown-to-aws' } })
  t.match(invalid, { status: 500, json: { __type: 'InternalServiceError' } })
  t.notMatch(invalid.text, 'security token')
})

t.test('callAws: new secrets get the environment\'s settings', async (t) => {
  const gateway = await build(t, {
    environments: {
      ...declared.environments,
      dev: { ...declared.environments.dev, tags: { owner: 'platform' }, replicaRegions: ['eu-central-1'], recoveryWindowInDays: 7 }
    }
  })
  const client = clientOf(gateway, await keysFor(gateway))
  t.teardown(() => { client.destroy() })
  const created = await client.createSecret({ Name: 'dev/a', SecretString: 'one', Tags: [{ Key: 'team', Value: 'a' }], AddReplicaRegions: [{ Region: 'us-east-1' }] })
  t.same(created.ReplicationStatus?.map(({ Region }) => Region).sort(), ['eu-central-1', 'us-east-1'])
  const { Tags: tags = [] } = await client.describeSecret({ SecretId: 'dev/a' })
  t.same(Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])), { owner: 'platform', team: 'a' })
  await client.removeRegionsFromReplication({ SecretId: 'dev/a', RemoveReplicaRegions: ['us-east-1', 'eu-central-1'] })
  const { DeletionDate: date } = await client.deleteSecret({ SecretId: 'dev/a' })
  t.ok(Math.abs((date?.getTime() ?? 0) - gateway.now() - 7 * 86_400_000) < 60_000)
  await client.restoreSecret({ SecretId: 'dev/a' })
  t.match(await client.describeSecret({ SecretId: 'dev/a' }), { ReplicationStatus: [{ Region: 'eu-central-1' }] }, 'a restored secret gets its replica back')
})

t.test('callAws: the environment\'s own tags can\'t be changed or removed', async (t) => {
  const gateway = await build(t)
  const call = async (operation: string, input: object) =>
    callAws(gateway, operation, { SecretId: 'production-secrets/a', ...input }, { environment: 'prod' })
  await callAws(gateway, 'CreateSecret', { Name: 'production-secrets/a', ClientRequestToken: token }, { environment: 'prod' })
  const calls = gateway.awsCalls.length
  for (const [what, operation, input] of [
    ['another value', 'TagResource', { Tags: [{ Key: 'team', Value: 'a' }, { Key: 'environment', Value: 'dev' }] }],
    ['no value', 'TagResource', { Tags: [{ Key: 'environment' }] }],
    ['two values', 'TagResource', { Tags: [{ Key: 'environment', Value: 'dev' }, { Key: 'environment', Value: 'prod' }] }],
    ['too many with those of the environment', 'TagResource', { Tags: Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}`, Value: 'v' })) }],
    ['a removal', 'UntagResource', { TagKeys: ['team', 'environment'] }]
  ] as const) {
    t.match(await call(operation, input), { status: 400, json: { __type: 'ValidationException', Message: /body \/Tag(s|Keys) must NOT/ } }, what)
  }
  t.equal(gateway.awsCalls.length, calls, 'AWS is not asked')
  t.equal((await call('TagResource', { Tags: [{ Key: 'team', Value: 'a' }, { Key: 'environment', Value: 'prod' }] })).status, 200, 'the same value')
  t.equal((await call('UntagResource', { TagKeys: ['team'] })).status, 200)
  t.match((await call('DescribeSecret', {})).json, { Tags: [{ Key: 'environment', Value: 'prod' }] })
})

t.test('callAws: a body with too many values for any call is refused before it is validated', async (t) => {
  const gateway = await build(t)
  const many = Array.from({ length: 1_001 }, () => '')
  for (const [operation, input] of [
    ['BatchGetSecretValue', { SecretIdList: many }],
    ['ListSecrets', { Filters: [{ Key: 'name', Values: many }] }],
    ['ListSecrets', { Filters: Array.from({ length: 200 }, () => ({ Key: 'name', Values: many.slice(0, 10) })) }],
    ['PutSecretValue', { SecretId: 'dev/a', VersionStages: many }],
    ['TagResource', { SecretId: 'dev/a', Tags: many.map(() => ({})) }],
    ['UntagResource', { SecretId: 'dev/a', TagKeys: many }],
    ['ReplicateSecretToRegions', { SecretId: 'dev/a', AddReplicaRegions: many }],
    ['RemoveRegionsFromReplication', { SecretId: 'dev/a', RemoveReplicaRegions: many }]
  ] as const) {
    t.match((await callAws(gateway, operation, input)).json, { __type: 'SerializationException', Message: /must not have so many values$/ }, operation)
  }
  t.match((await callAws(gateway, 'BatchGetSecretValue', { SecretIdList: many.slice(0, 21) })).json,
    { __type: 'ValidationException', Message: /at 'secretIdList' failed to satisfy constraint: Member must have length less than or equal to 20/ })
  t.match((await callAws(gateway, 'GetSecretValue', '{"SecretId":"dev/a","SecretId":"dev/b"}')).json,
    { __type: 'SerializationException', Message: 'The body is not valid: /SecretId must not be twice in one object' })
})

/** Creates secrets in the environment dev. */
async function create (gateway: Gateway, ...names: readonly string[]): Promise<string[]> {
  const replies = await Promise.all(names.map(async (name, index) =>
    callAws(gateway, 'CreateSecret', { Name: `dev/${name}`, SecretString: name, ClientRequestToken: token.replace('8', String(index % 8)) })))
  return replies.map(({ json }): string => json.ARN)
}

t.test('callAws: lists show only what the caller may see', async (t) => {
  const gateway = await build(t)
  await create(gateway, 'team-a/1', 'team-a/2', 'team-a/3', 'other/1', 'other/2')
  const list = async (input: object): Promise<{ names: string[], next?: string }> => {
    const { json } = await callAws(gateway, 'ListSecrets', input, { token: tokens.team })
    return { names: json.SecretList.map(({ Name: name }: { Name: string }) => name), next: json.NextToken }
  }
  t.match(await list({ SortBy: 'name' }), { names: ['dev/team-a/1', 'dev/team-a/2', 'dev/team-a/3'], next: undefined })
  const first = await list({ SortBy: 'name', MaxResults: 2 })
  t.match(first, { names: ['dev/team-a/1', 'dev/team-a/2'], next: /./ })
  t.match(await list({ SortBy: 'name', MaxResults: 2, NextToken: first.next }), { names: ['dev/team-a/3'], next: undefined })
  t.match(await list({ Filters: [{ Key: 'name', Values: ['dev/team-a/2', 'dev/other/'] }] }), { names: ['dev/team-a/2'] })

  const values = async (input: object, caller: string = tokens.team): Promise<unknown> => {
    const { json } = await callAws(gateway, 'BatchGetSecretValue', input, { token: caller })
    return {
      values: json.SecretValues.map(({ SecretString: value }: { SecretString: string }) => value).sort(),
      errors: json.Errors.map(({ SecretId: id, ErrorCode: code }: Record<string, string>) => `${id} ${code}`), next: json.NextToken
    }
  }
  t.match(await values({ Filters: [{ Key: 'name', Values: ['dev/'] }] }), { values: ['team-a/1', 'team-a/2', 'team-a/3'], errors: [] })
  t.match(await values({ Filters: [{ Key: 'tag-key', Values: ['x'] }] }, tokens.administrator), { values: [], errors: [] })
  t.match(await values({ SecretIdList: ['dev/team-a/1', 'dev/other/1', 'dev/team-a/x', 'elsewhere'] }), {
    values: ['team-a/1'],
    errors: ['dev/other/1 AccessDeniedException', 'dev/team-a/x ResourceNotFoundException', 'elsewhere ResourceNotFoundException']
  })
  const items = gateway.trail().filter(({ event, action }) => event === 'item' && action === 'GetSecretValue')
  t.match(items.at(-3), { name: 'team-a/1', status: 200, versionId: /./ })
  t.match(items.at(-2), { name: 'other/1', status: 403, code: 'forbidden' })
  const unavailable = await callAws(gateway, 'BatchGetSecretValue', { SecretIdList: ['dev/a'] }, { headers: { 'aws-credential-id': 'unknown-to-aws' } })
  t.match(unavailable, { status: 500, json: { __type: 'InternalServiceError' } }, 'what concerns all secrets is the error of the request')
})

t.test('callAws: a batch comes from the cache only if all of its secrets do', async (t) => {
  const gateway = await build(t, caching)
  await create(gateway, 'a', 'b')
  gateway.advance(1 / 24)
  await callAws(gateway, 'GetSecretValue', { SecretId: 'dev/a' })
  for (const [what, ids, source, cache] of [
    ['one of two', ['dev/a', 'dev/b'], /fwd=miss/, undefined],
    ['all', ['dev/a', 'dev/b'], /; hit/, 'hit'],
    ['all that exist', ['dev/a', 'dev/missing'], /fwd=miss/, undefined]
  ] as const) {
    const reply = await callAws(gateway, 'BatchGetSecretValue', { SecretIdList: ids })
    t.match(reply.headers.get('cache-status'), source, what)
    t.equal(reply.headers.has('age'), cache !== undefined)
    const outcome = gateway.trail().filter(({ event }) => event === 'outcome').at(-1)
    t.equal(outcome?.cache, cache)
    t.equal(outcome?.age === undefined, cache === undefined)
  }
  const items = gateway.trail().filter(({ event }) => event === 'item').map(({ name, names = [name], cache }) => [...names, cache])
  t.same(items, [['a', 'hit'], ['b', undefined], ['a', 'b', 'hit'], ['a', 'hit'], ['missing', undefined]], 'the source of each value')
})

t.test('callAws: a placeholder has the same error whether it comes from AWS or from the cache', async (t) => {
  const gateway = await build(t, caching)
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/empty' })
  const error = {
    SecretId: 'dev/empty', ErrorCode: 'ResourceNotFoundException',
    Message: 'Secrets Manager can\'t find the specified secret value for staging label: AWSCURRENT'
  }
  for (const source of [/fwd=miss/, /; hit/]) {
    const reply = await callAws(gateway, 'BatchGetSecretValue', { SecretIdList: ['dev/empty'] })
    t.same(reply.json.Errors, [error])
    t.match(reply.headers.get('cache-status'), source)
  }
})

t.test('callAws: a filter by names does not make AWS search other environments', async (t) => {
  const gateway = await build(t)
  await create(gateway, 'a', 'b', 'B')
  const client = gateway.aws('AKIADEV')
  t.teardown(() => { client.destroy() })
  await Promise.all(Array.from({ length: 101 }, async (_, index) => client.createSecret({ Name: `deviant/${index}`, Description: 'guess' })))
  for (const [values, names, pages] of [
    [['deviant/'], [], 0],
    [['!deviant/'], ['B', 'a', 'b'], 1],
    [['!x'], ['B', 'a', 'b'], 1],
    [['!dev/a'], ['B', 'b'], 1],
    [['!dev/'], [], 1],
    [['!'], [], 1],
    [['!dev/', 'dev/b'], ['b'], 1],
    [[''], ['B', 'a', 'b'], 1],
    [['de', 'deviant/'], ['B', 'a', 'b'], 1],
    [['dev/b', 'deviant/', 'staging/'], ['b'], 1]
  ] as const) {
    gateway.awsCalls.length = 0
    const { json } = await callAws(gateway, 'ListSecrets', { Filters: [{ Key: 'name', Values: values }] })
    t.same(json.SecretList.map(({ Name: name }: { Name: string }) => name).sort(), names.map((name) => `dev/${name}`), values.join())
    t.equal(gateway.awsCalls.length, pages, `${values.join()} takes ${pages} calls`)
  }
  gateway.awsCalls.length = 0
  t.match((await callAws(gateway, 'ListSecrets', { Filters: [{ Key: 'name', Values: ['deviant/'] }, { Key: 'description', Values: ['guess'] }] })).json, { SecretList: [] })
  t.match((await callAws(gateway, 'BatchGetSecretValue', { Filters: [{ Key: 'name', Values: ['deviant/'] }] })).json, { SecretValues: [], Errors: [] })
  t.same(gateway.awsCalls, [])
  t.match((await callAws(gateway, 'ListSecrets', { Filters: [{ Key: 'name', Values: ['deviant/'] }], NextToken: 'x' })).json, { __type: 'InvalidNextTokenException' })
  t.match((await callAws(gateway, 'ListSecrets', { Filters: [{ Key: 'name' }] })).json, { __type: 'InvalidParameterException' })
})

t.test('callAws: filters by names in an environment without a prefix', async (t) => {
  const gateway = await build(t, { environments: { dev: { ...declared.environments.dev, namePrefix: '' } } })
  await create(gateway, 'a', 'b')
  const names = async (input: object): Promise<string[]> =>
    (await callAws(gateway, 'ListSecrets', input)).json.SecretList.map(({ Name: name }: { Name: string }) => name).sort()
  t.same(await names({}), ['dev/a', 'dev/b'])
  t.same(await names({ Filters: [{ Key: 'name', Values: ['dev/a'] }] }), ['dev/a'])
  t.same(await names({ Filters: [{ Key: 'name', Values: ['!dev/a'] }] }), ['dev/b'])
})

t.test('callAws: an environment whose account is unknown does not contain another account\'s secret', async (t) => {
  const gateway = await build(t)
  const [own = ''] = await create(gateway, 'a')
  const foreign = gateway.aws('AKIAPROD')
  t.teardown(() => { foreign.destroy() })
  const { ARN: arn = '' } = await foreign.createSecret({ Name: 'dev/a', SecretString: 'foreign', Description: 'foreign' })
  const Statement = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111111111111:root' }, Action: 'secretsmanager:*', Resource: '*' }
  await foreign.putResourcePolicy({ SecretId: arn, ResourcePolicy: JSON.stringify({ Version: '2012-10-17', Statement }) })
  const before = await foreign.describeSecret({ SecretId: arn })
  for (const id of [arn, arn.slice(0, -7), `${own.slice(0, -6)}AbCdEf`]) {
    for (const [operation, input] of [
      ['DescribeSecret', {}],
      ['GetSecretValue', {}],
      ['ListSecretVersionIds', {}],
      ['GetResourcePolicy', {}],
      ['TagResource', { Tags: [{ Key: 'team', Value: 'a' }] }],
      ['PutSecretValue', { SecretString: 'x', ClientRequestToken: token.replace('1', '7') }],
      ['UpdateSecret', { Description: 'x', ClientRequestToken: token.replace('1', '8') }],
      ['DeleteSecret', {}]
    ] as const) {
      t.match((await callAws(gateway, operation, { SecretId: id, ...input })).json,
        { __type: 'ResourceNotFoundException', Message: 'Secrets Manager can\'t find the specified secret.' }, `${operation} of ${id}`)
    }
    t.match((await callAws(gateway, 'BatchGetSecretValue', { SecretIdList: [id] })).json,
      { SecretValues: [], Errors: [{ SecretId: id, ErrorCode: 'ResourceNotFoundException' }] })
  }
  t.strictSame({ ...await foreign.describeSecret({ SecretId: arn }), $metadata: undefined }, { ...before, $metadata: undefined }, 'it is unchanged')
  t.match((await callAws(gateway, 'GetSecretValue', { SecretId: own.slice(0, -7) })).json, { ARN: own, SecretString: 'a' }, 'so is the other one')
  t.match((await callAws(gateway, 'UpdateSecret', { SecretId: own, Description: 'own', ClientRequestToken: token })).json, { ARN: own })
  t.match((await callAws(gateway, 'DescribeSecret', { SecretId: own.slice(0, -7) })).json, { ARN: own, Description: 'own' })
})

t.test('callAws: if the environment\'s account is known, an ARN is sent to AWS unchanged', async (t) => {
  const gateway = await build(t, { environments: { dev: { ...declared.environments.dev, account: '111111111111' } } })
  const [own = ''] = await create(gateway, 'a')
  gateway.awsCalls.length = 0
  t.match((await callAws(gateway, 'UpdateSecret', { SecretId: own, Description: 'own', ClientRequestToken: token })).json, { ARN: own })
  t.same(gateway.awsCalls, ['UpdateSecret'])
  t.match((await callAws(gateway, 'DescribeSecret', { SecretId: own.replace(':111111111111:', ':222222222222:') })).json, { __type: 'ResourceNotFoundException' })
  t.same(gateway.awsCalls, ['UpdateSecret'])
})

t.test('callAws: pages of versions', async (t) => {
  const gateway = await build(t)
  await create(gateway, 'a')
  for (const index of [2, 3]) await callAws(gateway, 'PutSecretValue', { SecretId: 'dev/a', SecretString: `v${index}`, ClientRequestToken: token.replace('1', String(index)) })
  const first = await callAws(gateway, 'ListSecretVersionIds', { SecretId: 'dev/a', IncludeDeprecated: true, MaxResults: 2 })
  t.match(first.json, { Versions: { length: 2 }, NextToken: /./ })
  const second = await callAws(gateway, 'ListSecretVersionIds', { SecretId: 'dev/a', IncludeDeprecated: true, NextToken: first.json.NextToken })
  t.match(second.json, { Versions: { length: 1 }, NextToken: undefined })
})

t.test('callAws: descriptions come from the cache, unlike descriptions by the gateway\'s own route', async (t) => {
  const gateway = await build(t, caching)
  const [arn = ''] = await create(gateway, 'a')
  gateway.advance(1 / 24)
  const describe = async (id: string): Promise<Reply> => callAws(gateway, 'DescribeSecret', { SecretId: id })
  const first = await describe('dev/a')
  t.match(first, { status: 200, json: { ARN: arn } })
  t.equal(first.headers.get('cache-status'), 'secrets-gateway; fwd=miss; ttl=60')
  gateway.awsCalls.length = 0
  for (const id of ['dev/a', arn, arn.slice(0, -7)]) {
    const hit = await describe(id)
    t.equal(hit.text, first.text, 'AWS\'s reply, to the letter')
    t.match(hit.headers.get('cache-status'), /^secrets-gateway; hit; ttl=/)
  }
  t.match((await describe(`${arn.slice(0, -6)}AbCdEf`)).json, { __type: 'ResourceNotFoundException' }, 'the ARN of another secret of that name')
  t.same(gateway.awsCalls, [])
  t.match(gateway.trail().filter(({ action }) => action === 'DescribeSecret').slice(-2), [
    { event: 'outcome', cache: 'hit' }, { event: 'outcome' }
  ], 'each of them is recorded')
  await gateway.send('GET', '/environments/dev/secrets/a/metadata')
  t.same(gateway.awsCalls, ['DescribeSecret'], 'the gateway\'s own route asks AWS')
  await callAws(gateway, 'TagResource', { SecretId: arn, Tags: [{ Key: 'team', Value: 'a' }] })
  t.match((await describe(arn)).json, { Tags: [{ Key: 'team', Value: 'a' }] }, 'a write is visible at once')
  t.match(await callAws(gateway, 'DescribeSecret', { SecretId: 'dev/a' }, { token: tokens.stranger }), { status: 400, json: { __type: 'AccessDeniedException' } })
})

t.test('callAws: values come from the cache', async (t) => {
  const gateway = await build(t, caching)
  const [arn = ''] = await create(gateway, 'a')
  gateway.advance(1 / 24)
  const read = async (input: object) => callAws(gateway, 'GetSecretValue', input)
  t.equal((await read({ SecretId: 'dev/a' })).json.SecretString, 'a')
  gateway.awsCalls.length = 0
  t.equal((await read({ SecretId: arn })).json.SecretString, 'a')
  t.match((await read({ SecretId: `${arn.slice(0, -6)}AbCdEf` })).json, { __type: 'ResourceNotFoundException' }, 'the ARN of another secret of that name')
  t.match((await callAws(gateway, 'BatchGetSecretValue', { SecretIdList: ['dev/a'] })).json, { SecretValues: [{ SecretString: 'a' }], Errors: [] })
  t.same(gateway.awsCalls, [])
  t.match(gateway.trail().filter(({ action, event }) => action === 'GetSecretValue' && event === 'outcome').at(-2), { cache: 'hit' })
  await callAws(gateway, 'PutSecretValue', { SecretId: arn, SecretString: 'b', ClientRequestToken: token.replace('1', '2') })
  t.equal((await read({ SecretId: 'dev/a' })).json.SecretString, 'b', 'a write empties it')
  for (const [selector, message] of [
    [{ VersionStage: 'BLUE' }, /staging label: BLUE$/], [{ VersionId: token.replace('1', '9') }, /VersionId: 00000000/]
  ] as const) {
    for (let time = 0; time < 2; time++) {
      t.match((await read({ SecretId: 'dev/a', ...selector })).json, { __type: 'ResourceNotFoundException', Message: message })
    }
  }
})
