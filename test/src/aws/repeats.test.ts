import t, { type Test } from 'tap'
import type { AwsCall } from '#src/aws/call'
import type { SecretsPort } from '#src/aws/port'
import { confirmRepeats } from '#src/aws/repeats'
import type { SecretMetadata } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import type { ProblemCode } from '#src/problems/catalogue'
import { Problem, type ProblemOptions } from '#src/problems/problem'
import { proxyWithFaults, refusal, type FakeReply } from '#test/faults'
import { build, declared, type Gateway, type Reply } from '#test/helper'
import { buildRealistic } from '#test/realistic/build'

type Request = readonly [method: string, path: string, json?: unknown]

/** A request that writes with a single call to AWS. */
interface Write {
  /** The requests that bring the secret into the state that the write needs. */
  prepared?: readonly Request[]
  request: Request
  /** The environment of the request; `dev` by default. */
  env?: string
  /** The path of a read that shows the effect of the write, and the expected reply if AWS has carried the write out. */
  shown: readonly [path: string, matches: object]
  /** AWS's reply to the second attempt; by default that of the backend. */
  again?: () => FakeReply
}

const pending = 'You can\'t perform this operation on the secret because it was marked for deletion.'

/** Returns a refusal whose header shows that AWS's clock is some seconds ahead of the gateway's clock. */
function refusedAt (ahead: number, exception: string, message: string): FakeReply {
  const { headers, ...reply } = refusal(exception, message)
  return { ...reply, headers: { ...headers, date: new Date(Date.now() + ahead * 1000).toUTCString() } }
}

const version = (digit: number): string => String(digit).repeat(36)
const lambdaArn = 'arn:aws:lambda:eu-west-1:111111111111:function:rotator'
const replicated: Request = ['PUT', '/replicas', { replicaRegions: [{ region: 'eu-central-1' }] }]

/** Each path is appended to the path of a secret, which already has two versions. Their IDs are `version(1)` and `version(2)`. */
const writes: Readonly<Record<string, Write>> = {
  cancelRotateSecret: {
    prepared: [['PUT', '/rotation', { lambdaArn, automaticallyAfterDays: 30, rotateImmediately: false }]],
    request: ['DELETE', '/rotation'],
    shown: ['/metadata', { rotation: { enabled: false } }]
  },
  createSecret: { request: ['POST', '-new', { value: 'v' }], shown: ['-new', { value: 'v' }] },
  deleteResourcePolicy: { request: ['DELETE', '/policy'], shown: ['/policy', { resourcePolicy: undefined }] },
  deleteSecret: {
    request: ['DELETE', '?recoveryWindowInDays=8'],
    shown: ['/metadata', { state: 'pending-deletion' }],
    // The header of this refusal proves that the deletion is newer than the call. The header of a real refusal could not prove
    // it, because its precision is a second.
    again: () => refusedAt(-10, 'InvalidRequestException', pending)
  },
  putResourcePolicy: {
    request: ['PUT', '/policy', { resourcePolicy: { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Principal: '*', Action: 'secretsmanager:TagResource', Resource: '*' }] } }],
    shown: ['/policy', { resourcePolicy: Object }]
  },
  putSecretValue: { request: ['PUT', '', { value: 'new' }], shown: ['', { value: 'new' }] },
  removeRegionsFromReplication: {
    prepared: [replicated], request: ['DELETE', '/replicas?region=eu-central-1'], shown: ['/metadata', { replicas: undefined }]
  },
  replicateSecretToRegions: { request: replicated, shown: ['/metadata', { replicas: [{ region: 'eu-central-1' }] }] },
  restoreSecret: { prepared: [['DELETE', '']], request: ['POST', '/restore'], shown: ['/metadata', { state: 'active' }] },
  rotateSecret: {
    request: ['PUT', '/rotation', { lambdaArn, automaticallyAfterDays: 30 }],
    shown: ['/metadata', { rotation: { enabled: true } }]
  },
  stopReplicationToReplica: {
    prepared: [replicated], env: 'standby', request: ['POST', '/replicas/promote'], shown: ['/metadata', { primaryRegion: undefined }]
  },
  tagResource: { request: ['PUT', '/tags', { a: 'b' }], shown: ['/metadata', { tags: { a: 'b' } }] },
  untagResource: { prepared: [['PUT', '/tags', { a: 'b' }]], request: ['DELETE', '/tags?key=a'], shown: ['/metadata', { tags: { a: undefined } }] },
  updateSecret: { request: ['PATCH', '', { description: 'd', value: 'new' }], shown: ['', { value: 'new' }] },
  updateSecretVersionStage: {
    prepared: [['PUT', '/stages/blue', { moveToVersionId: version(1) }]],
    request: ['PUT', '/stages/blue', { moveToVersionId: version(2), removeFromVersionId: version(1) }],
    shown: ['?versionStage=blue', { value: 'v2' }]
  }
}

function writeOf (method: string): Write {
  const write = writes[method]
  if (write === undefined) throw new TypeError(`No write calls ${method}`)
  return write
}

const operationOf = (method: string): string => method.charAt(0).toUpperCase() + method.slice(1)

const rounds = Array.from({ length: 3 }, (_, index) => index)

interface Subject {
  name: string
  send: (request: Request, env?: string) => Promise<Reply>
}

/** Creates a secret with two versions, and brings it into the state that the write needs. */
async function subject (t: Test, gateway: Gateway, name: string, prepared: readonly Request[] = []): Promise<Subject> {
  const aws = gateway.aws('AKIADEV')
  await aws.createSecret({ Name: `dev/${name}`, SecretString: 'v1', ClientRequestToken: version(1) })
  await aws.putSecretValue({ SecretId: `dev/${name}`, SecretString: 'v2', ClientRequestToken: version(2) })
  const send: Subject['send'] = async ([method, path, json], env = 'dev') =>
    gateway.send(method, `/environments/${env}/secrets/${name}${path}`, json === undefined ? {} : { json })
  for (const request of prepared) t.ok((await send(request)).status < 300, `${name}: ${request.join(' ')}`)
  // AWS replicates a secret after its reply.
  gateway.catchUp()
  return { name, send }
}

const environments = {
  ...declared.environments,
  standby: { ...declared.environments.dev, region: 'eu-central-1', namePrefix: 'dev/' }
}

t.test('every write succeeds if the reply to its first attempt is lost', async (t) => {
  const gateway = await build(t, { environments })
  const fail = await proxyWithFaults(t, gateway)
  const operations = Object.keys(gateway.fastify.aws).filter((name) => !/^(batchGet|describe|get|list|may|validate)/.test(name))
  t.same(Object.keys(writes), operations, 'every operation that writes is tried')
  for (const [method, { prepared, request, env, shown: [path, expected], again }] of Object.entries(writes)) {
    for (const fault of ['lost', 'half'] as const) {
      const { send } = await subject(t, gateway, `${method}-${fault}`, prepared)
      gateway.awsCalls.length = 0
      fail(operationOf(method), fault, ...again === undefined ? [] : [again()])
      const reply = await send(request, env)
      t.ok(reply.status < 300, `${method}, ${fault}: ${reply.status} ${reply.text}`)
      // There may be more than two calls: the rotation function of an earlier row may call the same operation at this time.
      const calls = gateway.awsCalls.filter((name) => name === operationOf(method)).length
      t.ok(calls >= (again === undefined ? 2 : 1), 'the SDK has repeated the call')
      t.match((await send(['GET', path], env)).json, expected, method)
    }
  }
})

/**
 * The embedded backend accepts a second attempt of these operations, but AWS might refuse it. These are the refusals that AWS
 * might send.
 */
const refusals: Readonly<Record<string, ReturnType<typeof refusal>>> = {
  cancelRotateSecret: refusal('InvalidRequestException', 'Rotation is not enabled.'),
  removeRegionsFromReplication: refusal('InvalidParameterException', 'The secret has no such replica.'),
  replicateSecretToRegions: refusal('InvalidParameterException', 'The secret has that replica already.'),
  restoreSecret: refusal('InvalidRequestException', 'The secret is not scheduled for deletion.'),
  rotateSecret: refusal('InvalidRequestException', 'A previous rotation isn\'t complete. That rotation will be reattempted.')
}

t.test('a write that AWS refuses the second time has succeeded, if the secret is in the wanted state', async (t) => {
  const gateway = await build(t, { environments })
  const fail = await proxyWithFaults(t, gateway)
  for (const [method, refused] of Object.entries(refusals)) {
    const { prepared, request, shown: [path, expected] } = writeOf(method)
    const { send } = await subject(t, gateway, method, prepared)
    fail(operationOf(method), 'lost', refused)
    const reply = await send(request)
    t.match(reply, { status: 200, json: { name: method, arn: /^arn:/ } }, method)
    if (method === 'rotateSecret') t.ok(reply.json.versionId in (await send(['GET', '/metadata'])).json.versions, 'the new version is named')
    t.match((await send(['GET', path])).json, expected, method)
  }
})

t.test('a write that AWS refuses the second time is refused, if the secret is not in the wanted state', async (t) => {
  const gateway = await build(t, { environments })
  const fail = await proxyWithFaults(t, gateway)
  const refused = refusal('InvalidParameterException', 'No.')
  const stateful = { ...refusals, deleteSecret: refusal('InvalidRequestException', pending), stopReplicationToReplica: refused, updateSecretVersionStage: refused }
  for (const [method, refused] of Object.entries(stateful)) {
    const { prepared, request, env } = writeOf(method)
    const { send } = await subject(t, gateway, method, prepared)
    fail(operationOf(method), 'reset', refused)
    t.match(await send(request, env), { status: /409|422/, json: { code: /aws-refused|secret-pending-deletion|rotation-in-progress/ } }, method)
  }
})

t.test('an outdated description is not mistaken for the effect of the call', async (t) => {
  const gateway = await buildRealistic(t, 'descriptions')
  const fail = await proxyWithFaults(t, gateway)
  const refused = refusal('InvalidRequestException', 'The secret is not scheduled for deletion.')
  for (const round of rounds) {
    const { send } = await subject(t, gateway, `s${round}`)
    t.equal((await send(['DELETE', ''])).status, 200)
    fail('RestoreSecret', 'reset', refused)
    t.match(await send(['POST', '/restore']), { status: 422, json: { code: 'aws-refused' } })
  }
})

t.test('a description that is outdated because of another process is not taken for the effect of the call', async (t) => {
  const gateway = await buildRealistic(t, 'elsewhere')
  const { endpoint = '' } = gateway.fastify.config.current.aws
  const other = await buildRealistic(t, 'other', { aws: { endpoint } })
  const fail = await proxyWithFaults(t, gateway)
  // By AWS's clock, the call was sent some seconds after the secret was created.
  const refused = refusedAt(10, 'InvalidRequestException', 'The secret is not scheduled for deletion.')
  for (const round of rounds) {
    await gateway.aws('AKIADEV').createSecret({ Name: `dev/s${round}`, SecretString: 'v' })
    const path = `/environments/dev/secrets/s${round}`
    t.equal((await other.send('DELETE', path)).status, 200)
    fail('RestoreSecret', 'reset', refused)
    t.match(await gateway.send('POST', `${path}/restore`), { status: 422, json: { code: 'aws-refused' } })
  }
})

t.test('a secret that AWS does not show yet is looked up again', async (t) => {
  const gateway = await buildRealistic(t, 'placeholders')
  const fail = await proxyWithFaults(t, gateway)
  for (const round of rounds) {
    fail('CreateSecret', 'lost')
    const reply = await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: [`s${round}`] } })
    t.match(reply, { status: 201, json: { items: [{ result: 'created' }] } })
  }
})

t.test('a creation whose first attempt was lost also waits for a deletion by this process', async (t) => {
  const gateway = await buildRealistic(t, 'force 1')
  const fail = await proxyWithFaults(t, gateway)
  const { send } = await subject(t, gateway, 'a')
  t.equal((await send(['DELETE', '?force=true'])).status, 200)
  fail('CreateSecret', 'reset')
  const reply = await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: ['a'] } })
  t.match(reply, { status: 201, json: { items: [{ result: 'created' }] } })
})

t.test('a replica counts as created only if it has the KMS key that the call asks for', async (t) => {
  const gateway = await build(t, { environments })
  const fail = await proxyWithFaults(t, gateway)
  const { send } = await subject(t, gateway, 'a')
  const refused = refusal('InvalidParameterException', 'The secret has that replica already.')
  const withKey = (kmsKeyId: string): Request => ['PUT', '/replicas', { replicaRegions: [{ region: 'eu-central-1', kmsKeyId }] }]
  fail('ReplicateSecretToRegions', 'lost', refused)
  t.match(await send(withKey('alias/k')), { status: 200, json: { replicas: [{ region: 'eu-central-1', kmsKeyId: 'alias/k' }] } })
  fail('ReplicateSecretToRegions', 'reset', refused)
  t.match(await send(withKey('alias/other')), { status: 422, json: { code: 'aws-refused' } })
})

t.test('a deletion counts as done if it is certainly newer than the call, with the end of its recovery window', async (t) => {
  const gateway = await build(t)
  const fail = await proxyWithFaults(t, gateway)
  const { send } = await subject(t, gateway, 'a')
  // By AWS's clock, the call was sent nearly ten seconds before the secret was deleted.
  fail('DeleteSecret', 'lost', refusedAt(-10, 'InvalidRequestException', pending))
  const reply = await send(['DELETE', '?recoveryWindowInDays=9'])
  t.equal(reply.status, 200)
  const { deletedDate } = (await send(['GET', '/metadata'])).json
  t.equal(Date.parse(reply.json.deletionDate) - Date.parse(deletedDate), 9 * 24 * 60 * 60 * 1000)
})

t.test('a deletion that is certainly older than the call belongs to another request', async (t) => {
  const gateway = await build(t)
  const fail = await proxyWithFaults(t, gateway)
  const { send } = await subject(t, gateway, 'a', [['DELETE', '?recoveryWindowInDays=30']])
  // The first attempt never arrived. The other request was a few seconds earlier.
  fail('DeleteSecret', 'reset', refusedAt(10, 'InvalidRequestException', pending))
  const reply = await send(['DELETE', '?recoveryWindowInDays=9'])
  t.match(reply, { status: 409, json: { code: 'secret-pending-deletion' } })
  t.notMatch(reply.json.detail, /unknown/)
})

t.test('a deletion whose repetition AWS refuses because of replicas has not been carried out', async (t) => {
  const gateway = await build(t)
  const fail = await proxyWithFaults(t, gateway)
  const { send } = await subject(t, gateway, 'a', [['PUT', '/replicas', { replicaRegions: [{ region: 'eu-central-1' }] }]])
  fail('DeleteSecret', 'reset')
  const reply = await send(['DELETE', ''])
  t.match(reply, { status: 409, json: { code: 'secret-has-replicas' } })
  t.notMatch(reply.json.detail, /unknown/)
})

t.test('if AWS\'s clock does not show which request deleted the secret, the reply says that this is unknown', async (t) => {
  const gateway = await build(t)
  const fail = await proxyWithFaults(t, gateway)
  const { send } = await subject(t, gateway, 'a')
  fail('DeleteSecret', 'lost', { ...refusal('InvalidRequestException', pending), headers: { 'content-type': 'application/x-amz-json-1.1', date: '' } })
  const reply = await send(['DELETE', ''])
  t.match(reply, { status: 502, json: { code: 'aws-unavailable' } })
  t.equal(reply.json.detail, 'AWS refused the repetition of a call whose reply was lost. The secret is in the state that DeleteSecret ' +
  'leads to, but it is unknown whether this request or another one brought it there. Look at `GET …/metadata` before you rely on ' +
  'any details of the request.')
})

/** The times are too close to each other for a real clock, so this test replaces the port to AWS. */
t.test('the bounds of the time at which an attempt was sent', async (t) => {
  const { fastify, url } = await build(t)
  const sent = { earliest: Date.parse('2026-01-01T12:00:00.500Z'), latest: Date.parse('2026-01-01T12:00:01.200Z') }
  const name = 'a' as SecretName
  const call = { environment: fastify.config.current.environments.get('dev'), credentialId: 'dev-account' } as AwsCall
  const portWith = (code: ProblemCode, options: ProblemOptions, state: Partial<SecretMetadata>): SecretsPort => {
    const refuse = async (): Promise<never> => { throw new Problem(code, options) }
    return confirmRepeats({ ...fastify.aws, createSecret: refuse, deleteSecret: refuse, describeSecret: async () => ({ name, arn: url, state: 'active', ...state }) })
  }
  const outcome = async (work: Promise<object>): Promise<string> =>
    work.then(() => 'done', (error: unknown) => error instanceof Problem ? error.options.failure?.effect ?? error.code : String(error))
  const at = (time: number): Date => new Date(time)
  const outcomes: [string, string][] = []
  for (const time of [sent.earliest - 1, sent.earliest, sent.latest - 1, sent.latest]) {
    const deletion = portWith('secret-pending-deletion', { earlierAttempt: { sent } }, { deletedDate: at(time), lastChangedDate: at(time) })
    const creation = portWith('secret-exists', { earlierAttempt: { sent } }, { createdDate: at(time), lastChangedDate: at(time) })
    outcomes.push([
      await outcome(deletion.deleteSecret(call, name, { recoveryWindowInDays: 7 })),
      await outcome(creation.createSecret(call, name, { tags: {}, replicaRegions: [] }))
    ])
  }
  t.same(outcomes, [
    ['secret-pending-deletion', 'secret-exists'], ['unknown-by-whom', 'done'], ['unknown-by-whom', 'done'], ['done', 'done']
  ])
  const undated = portWith('secret-exists', { earlierAttempt: { sent } }, {})
  t.equal(await outcome(undated.createSecret(call, name, { tags: {}, replicaRegions: [] })), 'secret-exists', 'AWS tells no date')
  const active = portWith('secret-pending-deletion', { earlierAttempt: { sent } }, {})
  t.equal(await outcome(active.deleteSecret(call, name, { recoveryWindowInDays: 7 })), 'secret-pending-deletion', 'it is not deleted')
})

t.test('a placeholder whose first reply was lost has been created, if AWS shows the requested placeholder', async (t) => {
  const gateway = await build(t, { environments: { ...environments, dev: { ...declared.environments.dev, replicaRegions: ['eu-central-1'] } } })
  const fail = await proxyWithFaults(t, gateway)
  const path = (env: string, name: string): string => `/environments/${env}/secrets/${name}`
  const bulk = async (env: string, item: object): Promise<Reply> => gateway.send('POST', `/environments/${env}/secrets`, { json: { secrets: [item] } })
  fail('CreateSecret', 'lost')
  const created = await bulk('dev', { name: 'a', description: 'd', tags: { a: 'b' } })
  t.match(created, { status: 201, json: { items: [{ name: 'a', result: 'created', arn: /:secret:dev\/a-/ }] } })
  fail('CreateSecret', 'lost')
  t.match((await bulk('staging', { name: 'a', kmsKeyId: 'alias/other' })).json.items[0], { result: 'created' }, 'with a KMS key')

  const exists = refusedAt(0, 'ResourceExistsException', 'The operation failed because the secret already exists.')
  const wanted = { description: 'd', tags: { a: 'b' } }
  await bulk('dev', { name: 'other', ...wanted })
  for (const [title, item] of Object.entries({
    description: { ...wanted, description: 'e' },
    'a tag': { ...wanted, tags: { a: 'c' } },
    'no tag': { description: 'd' },
    'the KMS key': { ...wanted, kmsKeyId: 'alias/other' }
  })) {
    fail('CreateSecret', 'reset', exists)
    t.match((await bulk('dev', { name: 'other', ...item })).json.items[0], { result: 'failed', problem: { code: 'secret-exists' } }, title)
  }
  t.equal((await gateway.send('PUT', path('dev', 'other'), { json: { value: 'v' } })).status, 200)
  fail('CreateSecret', 'reset', exists)
  t.match((await bulk('dev', { name: 'other', ...wanted })).json.items[0], { problem: { code: 'secret-exists' } }, 'a secret with a value')
})

t.test('a placeholder that is older than the call belongs to another request', async (t) => {
  const gateway = await build(t)
  const fail = await proxyWithFaults(t, gateway)
  const send = async (): Promise<Reply> => gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: ['a'] } })
  t.equal((await send()).status, 201)
  const message = 'The operation failed because the secret already exists.'
  fail('CreateSecret', 'reset', refusedAt(10, 'ResourceExistsException', message))
  t.match((await send()).json.items[0], { result: 'failed', problem: { code: 'secret-exists' } })
  const { headers, ...undated } = refusal('ResourceExistsException', message)
  fail('CreateSecret', 'reset', { ...undated, headers: { ...headers, date: '' } })
  t.match((await send()).json.items[0], { result: 'failed', problem: { code: 'secret-exists' } }, 'AWS does not tell the time')
})

t.test('if AWS does not return the secret\'s state either, the outcome is unknown', async (t) => {
  const gateway = await build(t)
  const fail = await proxyWithFaults(t, gateway)
  const { send } = await subject(t, gateway, 'a')
  fail('DeleteSecret', 'lost')
  fail('DescribeSecret', refusal('AccessDeniedException', 'User: x is not authorized to perform: secretsmanager:DescribeSecret'))
  const reply = await send(['DELETE', ''])
  t.match(reply, { status: 502, json: { code: 'aws-unavailable', detail: /It is unknown whether AWS carried out DeleteSecret\./ } })
  t.equal(reply.headers.get('retry-after'), '5')
})

t.test('a refusal that says nothing about the state does not hide that an earlier attempt may have been carried out', async (t) => {
  const gateway = await build(t)
  const fail = await proxyWithFaults(t, gateway)
  const unknown = (operation: string): RegExp => new RegExp(`AWS refused the repetition of a call whose reply was lost\\. It is unknown whether AWS carried out ${operation}\\.`)
  const denied = refusal('AccessDeniedException', 'User: x is not authorized to perform: secretsmanager:PutSecretValue')
  const { send } = await subject(t, gateway, 'a')
  for (const [operation, request] of [
    ['PutSecretValue', ['PUT', '', { value: 'new' }]], ['TagResource', ['PUT', '/tags', { a: 'b' }]], ['DeleteSecret', ['DELETE', '']]
  ] as const) {
    fail(operation, 'reset', denied)
    const reply = await send(request)
    t.match(reply, { status: 403, json: { code: 'aws-access-denied', detail: /^AWS denies secretsmanager:/ } }, operation)
    t.match(reply.json.detail, unknown(operation))
    fail(operation, 'reset', refusal('ExpiredTokenException', 'The security token included in the request is expired'))
    t.match(await send(request), { status: 502, json: { code: 'credential-invalid', detail: unknown(operation) } }, operation)
    fail(operation, denied)
    t.notMatch((await send(request)).json.detail, /unknown/, 'without an earlier attempt')
  }
  fail('GetSecretValue', 'reset', denied)
  t.notMatch((await send(['GET', ''])).json.detail, /unknown/, 'a read has no effect')
  fail('PutSecretValue', 'reset', refusal('ResourceExistsException', 'You can\'t use ClientRequestToken x because that value is already in use'))
  const conflict = await gateway.send('PUT', '/environments/dev/secrets/a', { json: { value: 'w' }, headers: { 'idempotency-key': 'k' } })
  t.match(conflict, { status: 409, json: { code: 'idempotency-conflict' } })
  t.notMatch(conflict.json.detail, /unknown/, 'AWS recognizes the repetition of a call that it has carried out')
})
