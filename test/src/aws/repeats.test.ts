import t, { type Test } from 'tap'
import { proxyWithFaults, refusal } from '#test/faults'
import { build, declared, type Gateway, type Reply } from '#test/helper'

type Request = readonly [method: string, path: string, json?: unknown]

/** A write that is one call to AWS. */
interface Write {
  /** The requests that bring the secret into the state that the write needs. */
  prepared?: readonly Request[]
  request: Request
  /** The environment of the request; `dev` by default. */
  env?: string
  /** The path of a request that shows the effect of the write, and what its reply matches if the write was carried out. */
  shown: readonly [path: string, matches: object]
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
  deleteSecret: { request: ['DELETE', '?recoveryWindowInDays=8'], shown: ['/metadata', { state: 'pending-deletion' }] },
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
  return { name, send }
}

const environments = {
  ...declared.environments,
  standby: { ...declared.environments.dev, region: 'eu-central-1', namePrefix: 'dev/' }
}

t.test('every write succeeds if the reply to its first attempt is lost', async (t) => {
  const gateway = await build(t, { environments })
  const fail = await proxyWithFaults(t, gateway)
  const operations = Object.keys(gateway.fastify.aws).filter((name) => !/^(batchGet|describe|get|list|validate)/.test(name))
  t.same(Object.keys(writes), operations, 'every operation that writes is tried')
  for (const [method, { prepared, request, env, shown: [path, expected] }] of Object.entries(writes)) {
    for (const fault of ['lost', 'half'] as const) {
      const { send } = await subject(t, gateway, `${method}-${fault}`, prepared)
      gateway.awsCalls.length = 0
      fail(operationOf(method), fault)
      const reply = await send(request, env)
      t.ok(reply.status < 300, `${method}, ${fault}: ${reply.status} ${reply.text}`)
      // There may be more than two calls: the rotation function of an earlier row may call the same operation at this time.
      t.ok(gateway.awsCalls.filter((name) => name === operationOf(method)).length >= 2, 'the SDK has repeated the call')
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
  const pending = refusal('InvalidRequestException', 'You can\'t perform this operation on the secret because it was marked for deletion.')
  const stateful = { ...refusals, deleteSecret: pending, stopReplicationToReplica: refused, updateSecretVersionStage: refused }
  for (const [method, refused] of Object.entries(stateful)) {
    const { prepared, request, env } = writeOf(method)
    const { send } = await subject(t, gateway, method, prepared)
    fail(operationOf(method), 'reset', refused)
    t.match(await send(request, env), { status: /409|422/, json: { code: /aws-refused|secret-pending-deletion|rotation-in-progress/ } }, method)
  }
})

t.test('a deletion counts as done if it was scheduled since the call began, with the end of its recovery window', async (t) => {
  const gateway = await build(t)
  const fail = await proxyWithFaults(t, gateway)
  const { send } = await subject(t, gateway, 'new')
  fail('DeleteSecret', 'lost')
  const { deletionDate } = (await send(['DELETE', '?recoveryWindowInDays=9'])).json
  const { deletedDate } = (await send(['GET', '/metadata'])).json
  t.equal(Date.parse(deletionDate) - Date.parse(deletedDate), 9 * 24 * 60 * 60 * 1000)

  gateway.advance(-1)
  const old = await subject(t, gateway, 'old', [['DELETE', '']])
  gateway.advance(1)
  fail('DeleteSecret', 'lost')
  t.match(await old.send(['DELETE', '']), { status: 409, json: { code: 'secret-pending-deletion' } }, 'it was scheduled by another request')
})

t.test('if AWS does not tell the state either, the outcome is unknown', async (t) => {
  const gateway = await build(t)
  const fail = await proxyWithFaults(t, gateway)
  const { send } = await subject(t, gateway, 'a')
  fail('DeleteSecret', 'lost')
  fail('DescribeSecret', refusal('AccessDeniedException', 'User: x is not authorized to perform: secretsmanager:DescribeSecret'))
  const reply = await send(['DELETE', ''])
  t.match(reply, { status: 502, json: { code: 'aws-unavailable', detail: /It is unknown whether AWS carried out DeleteSecret\./ } })
  t.equal(reply.headers.get('retry-after'), '5')
  fail('DeleteSecret', 'reset', refusal('AccessDeniedException', 'User: x is not authorized to perform: secretsmanager:DeleteSecret'))
  t.match(await send(['DELETE', '']), { status: 403, json: { code: 'aws-access-denied' } }, 'a denial says nothing about the state')
})
