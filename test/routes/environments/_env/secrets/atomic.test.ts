import { ListSecretVersionIdsCommand } from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import { proxyWithFaults, refusal } from '#test/faults'
import { build, type Gateway, type Reply } from '#test/helper'

const path = '/environments/dev/secrets'

interface Item {
  name: string
  result: string
  arn?: string
  problem?: { code: string, detail: string }
}

const bulk = async (gateway: Gateway, json: object, headers: Record<string, string> = {}): Promise<Reply> =>
  gateway.send('POST', path, { json: { atomic: true, ...json }, headers })

const results = ({ json }: Reply): Record<string, string> =>
  Object.fromEntries(json.items.map(({ name, result, problem }: Item) => [name, problem === undefined ? result : `${result}: ${problem.code}`]))

const sum = (one: number, other: number): number => one + other

/** Returns the metadata and the current value of each secret, without the dates that may differ after a rollback. */
async function state (gateway: Gateway): Promise<object> {
  gateway.catchUp()
  const { json: { items } } = await gateway.send('GET', `${path}?includePlannedDeletion=true&sort=name`)
  return Promise.all(items.map(async ({ name }: { name: string }) => {
    const { json: metadata } = await gateway.send('GET', `${path}/${encodeURIComponent(name)}/metadata`)
    const { json: { value } } = metadata.state === 'active' ? await gateway.send('GET', `${path}/${encodeURIComponent(name)}`) : { json: { value: undefined } }
    const { tags = {}, deletedDate } = metadata
    return { ...metadata, tags, isDeleted: deletedDate !== undefined, value, lastChangedDate: null, deletedDate: null, lastAccessedDate: null }
  }))
}

/** Creates secrets of several kinds: with one version, with two versions, scheduled for deletion, and without a value. */
async function prepare (gateway: Gateway): Promise<void> {
  await gateway.send('POST', path, {
    json: {
      secrets: [
        { name: 'twice', value: 'v1', description: 'before', tags: { kept: 'before', other: 'o' } },
        { name: 'once', value: 'v1', kmsKeyId: 'alias/k' },
        { name: 'deleted', value: 'v1' },
        { name: 'deleted-too', value: 'v1' }
      ],
      secretNames: ['placeholder', 'placeholder-too']
    }
  })
  await gateway.send('PUT', `${path}/twice`, { json: { value: 'v2' } })
  for (const name of ['deleted', 'deleted-too']) await gateway.send('DELETE', `${path}/${name}`)
}

/** Returns 20 items: 15 create a secret, 3 update one, and 2 restore one. */
const items = (): Record<string, unknown>[] => [
  ...Array.from({ length: 10 }, (_, index) => ({ name: `new-${index}`, ...(index % 3 === 0 ? { value: 'v' } : index % 3 === 1 ? { generate: {} } : { tags: { a: 'b' } }) })),
  { name: 'twice', value: 'v3', description: 'after', tags: { kept: 'after', added: 'a' } },
  { name: 'once', value: 'v2', kmsKeyId: 'alias/other' },
  { name: 'deleted', value: 'v2', tags: { a: 'b' } },
  { name: 'deleted-too' },
  ...Array.from({ length: 5 }, (_, index) => ({ name: `more/${index}`, value: { a: index } })),
  { name: 'placeholder', value: 'v' }
]

const options = { onConflict: 'update', restore: true }

t.test('rolls back exactly its own changes, wherever it fails', async (t) => {
  const gateway = await build(t)
  await prepare(gateway)
  const before = await state(gateway)
  const total = items().length
  t.equal(total, 20)
  for (let position = 0; position < total; position++) {
    for (const concurrency of [1, 8]) {
      // Makes one item fail late: AWS does not check whether the KMS key exists until the secret is written.
      const secrets = items().map((item, index) => index === position ? { ...item, value: 'v', kmsKeyId: 'alias/none', generate: undefined } : item)
      const reply = await bulk(gateway, { secrets, ...options, settings: { concurrency } })
      t.match(reply, { status: 409, json: { code: 'not-all-done', dryRun: false, secretArnMap: {} } })
      t.equal(results(reply)[String(secrets[position]?.name)], 'failed: aws-refused')
      const { counts } = reply.json
      t.same(counts, { ...counts, created: 0, updated: 0, restored: 0, failed: 1 }, `${position}: ${JSON.stringify(counts)}`)
      t.equal(sum(counts.rolledBack, counts.notStarted), 19)
      t.same(await state(gateway), before, `position ${position}, ${concurrency} at once`)
    }
  }

  const done = await bulk(gateway, { secrets: items(), ...options })
  t.match(done, { status: 200, json: { counts: { created: 15, updated: 3, restored: 2 } } })
  t.equal((await gateway.send('GET', `${path}/deleted`)).json.value, 'v2')
  t.match(await bulk(gateway, { secretNames: ['x', 'y'] }), { status: 201 })
})

t.test('checks all items first, and writes nothing if one of them cannot be done', async (t) => {
  const gateway = await build(t)
  await prepare(gateway)
  gateway.awsCalls.length = 0
  const refused = await bulk(gateway, { secrets: [{ name: 'new', value: 'v' }, { name: 'twice', value: 'v' }], secretNames: ['deleted', 'placeholder'] })
  t.equal(refused.status, 409)
  t.match(refused.headers.get('content-type'), 'application/problem+json')
  t.same(results(refused), {
    new: 'not-started', twice: 'failed: secret-exists', deleted: 'failed: secret-pending-deletion', placeholder: 'failed: secret-exists'
  })
  t.same([...new Set(gateway.awsCalls)], ['DescribeSecret'])
  t.match(await bulk(gateway, { secrets: [{ name: 'twice', value: 'v' }], dryRun: true }), { status: 200, json: { dryRun: true, counts: { failed: 1 } } })

  const lines = await bulk(gateway, { secretNames: ['new', 'twice'] }, { accept: 'application/x-ndjson' })
  t.match(lines.text.trimEnd().split('\n').map((line) => JSON.parse(line) as object), [
    { name: 'new', result: 'not-started' }, { name: 'twice', result: 'failed' }, { summary: { status: 409 } }
  ])
})

t.test('a retry with an Idempotency-Key has no further effect, and does not roll back an earlier run', async (t) => {
  const gateway = await build(t)
  const key = { 'idempotency-key': 'k' }
  const json = { secrets: [{ name: 'a', value: 'v' }, { name: 'b', generate: {} }] }
  const first = await bulk(gateway, json, key)
  const again = await bulk(gateway, json, key)
  t.same([first.status, again.status], [201, 201])
  t.same(again.json, first.json)

  await gateway.send('DELETE', `${path}/b?force=true`)
  // Makes the gateway forget the first request's Idempotency-Key, as if the retry reached another process.
  for (let count = 0; count < 10_001; count++) await gateway.fastify.idempotencyKeys.check({ callerId: 'c', environment: { name: 'e' }, credentialId: 'i', idempotencyKey: String(count) } as never, {})
  const failing = await bulk(gateway, { secrets: [...json.secrets, { name: 'c', value: 'v', kmsKeyId: 'alias/none' }] }, key)
  t.equal(failing.status, 409)
  t.match(results(failing), { a: 'created', c: 'failed: aws-refused' })
  t.equal((await gateway.send('GET', `${path}/a`)).status, 200)
  t.equal((await gateway.send('GET', `${path}/b`)).status, 404)

  t.equal((await bulk(gateway, { secretNames: ['p'] }, { 'idempotency-key': 'p' })).status, 201)
  t.equal((await bulk(gateway, { secretNames: ['p'] }, { 'idempotency-key': 'p' })).status, 201, 'the existing placeholder is as requested')
  t.equal((await bulk(gateway, { secretNames: ['p'] })).status, 409)
})

t.test('reports changes that cannot be rolled back', async (t) => {
  const gateway = await build(t)
  await prepare(gateway)
  const aws = gateway.fastify.awsClient('dev-account', 'eu-west-1')
  const failsLast = { name: 'placeholder-too', value: 'v', kmsKeyId: 'alias/none' }

  const reply = await bulk(gateway, { secrets: [{ name: 'placeholder', value: 'v' }, failsLast], onConflict: 'update' })
  t.same(results(reply), { placeholder: 'updated: not-taken-back', 'placeholder-too': 'failed: aws-refused' }, 'in AWS, a secret with a current version can\'t become a placeholder again')

  // `interferes` is called just before the last item fails. It acts as another writer.
  const outside = gateway.aws('AKIADEV')
  let interferes = async (): Promise<unknown> => undefined
  aws.middlewareStack.add((next, { commandName }) => async (args) => {
    const { KmsKeyId } = args.input as { KmsKeyId?: string }
    if (KmsKeyId === 'alias/none' && commandName !== 'DescribeSecretCommand') await interferes()
    return next(args)
  }, { step: 'initialize' })
  const secrets = [{ name: 'new', value: 'v' }, { name: 'twice', value: 'v3' }, { name: 'last', kmsKeyId: 'alias/none' }]
  interferes = async () => Promise.all(['dev/new', 'dev/twice'].map(async (SecretId) => outside.putSecretValue({ SecretId, SecretString: 'mine' })))
  const raced = await bulk(gateway, { secrets, onConflict: 'update', settings: { concurrency: 1 } })
  t.same(results(raced), { new: 'created: not-taken-back', twice: 'updated: not-taken-back', last: 'failed: aws-refused' })
  for (const name of ['new', 'twice']) t.equal((await gateway.send('GET', `${path}/${name}`)).json.value, 'mine')

  // A rollback restores only what the request itself changed.
  await gateway.send('POST', path.concat('/shared'), { json: { value: 'v', description: 'before', tags: { owner: 'a' } } })
  interferes = async () => Promise.all([
    outside.updateSecret({ SecretId: 'dev/shared', Description: 'mine' }), outside.tagResource({ SecretId: 'dev/shared', Tags: [{ Key: 'owner', Value: 'me' }] })
  ])
  const shared = { name: 'shared', value: 'v2', description: 'before', tags: { owner: 'a' } }
  const beside = await bulk(gateway, { secrets: [shared, { name: 'last', kmsKeyId: 'alias/none' }], onConflict: 'update', settings: { concurrency: 1 } })
  t.same(results(beside), { shared: 'rolled-back', last: 'failed: aws-refused' })
  t.match((await gateway.send('GET', `${path}/shared/metadata`)).json, { description: 'mine', tags: { owner: 'me' } })
  t.equal((await gateway.send('GET', `${path}/shared`)).json.value, 'v')

  interferes = async () => outside.replicateSecretToRegions({ SecretId: 'dev/replicated', AddReplicaRegions: [{ Region: 'us-east-1' }] })
  const replicated = await bulk(gateway, { secrets: [{ name: 'replicated', value: 'v' }, { name: 'last', kmsKeyId: 'alias/none' }], settings: { concurrency: 1 } })
  t.same(results(replicated), { replicated: 'created: not-taken-back', last: 'failed: aws-refused' }, 'a replica that another writer made is not deleted')

  interferes = async () => {
    await outside.deleteSecret({ SecretId: 'dev/gone', ForceDeleteWithoutRecovery: true })
    gateway.catchUp()
  }
  const gone = await bulk(gateway, { secrets: [{ name: 'gone', value: 'v' }, { name: 'last', kmsKeyId: 'alias/none' }], settings: { concurrency: 1 } })
  t.same(results(gone), { gone: 'rolled-back', last: 'failed: aws-refused' })

  aws.middlewareStack.add(() => async () => { throw new Error('unreachable') }, { step: 'initialize', name: 'down' })
  aws.middlewareStack.remove('down')
  let down = false
  aws.middlewareStack.add((next, { commandName }) => async (args) => {
    if (down && commandName === 'DeleteSecretCommand') throw Object.assign(new Error('canary'), { name: 'InternalServiceError' })
    return next(args)
  }, { step: 'serialize' })
  interferes = async () => { down = true }
  const unreachable = await bulk(gateway, { secrets: [{ name: 'stays', value: 'v' }, { name: 'last', kmsKeyId: 'alias/none' }], settings: { concurrency: 1 } })
  t.match(unreachable.json.items[0], { result: 'created', problem: { code: 'not-taken-back', detail: 'The rollback failed with aws-unavailable.' } })
})

t.test('a call whose reply was lost is rolled back if AWS carried it out', async (t) => {
  const gateway = await build(t)
  await prepare(gateway)
  const before = await state(gateway)
  const aws = gateway.fastify.awsClient('dev-account', 'eu-west-1')
  let loses: string | undefined
  let reaches = true
  aws.middlewareStack.add((next, { commandName }) => async (args) => {
    if (commandName !== loses) return next(args)
    loses = undefined
    if (reaches) await next(args)
    throw Object.assign(new Error('no answer'), { name: 'TimeoutError' })
  }, { step: 'initialize', priority: 'low' })
  for (const [command, secret] of [
    ['CreateSecretCommand', { name: 'new', value: 'v' }], ['UpdateSecretCommand', { name: 'twice', value: 'v3' }],
    ['UpdateSecretCommand', { name: 'twice', description: 'after' }],
    ['TagResourceCommand', { name: 'twice', tags: { kept: 'after' } }], ['RestoreSecretCommand', { name: 'deleted' }]
  ] as const) {
    for (reaches of [true, false]) {
      loses = command
      const reply = await bulk(gateway, { secrets: [secret], ...options })
      if (command === 'RestoreSecretCommand' && !reaches) {
        t.equal(results(reply).deleted, 'failed: not-taken-back', 'AWS refuses to delete a secret that is scheduled for deletion')
      } else {
        t.same(results(reply), { [secret.name]: 'failed: aws-timeout' })
      }
      t.same(await state(gateway), before, `${command} ${reaches ? 'was' : 'was not'} carried out`)
    }
  }
  loses = 'CreateSecretCommand'
  reaches = true
  t.same(results(await bulk(gateway, { secretNames: ['new'] })), { new: 'failed: not-taken-back' }, 'a placeholder does not show who created it')
})

t.test('a call whose reply was lost is rolled back even if AWS refuses its repetition for another reason', async (t) => {
  const gateway = await build(t)
  await prepare(gateway)
  const before = await state(gateway)
  const fail = await proxyWithFaults(t, gateway)
  const denied = refusal('AccessDeniedException', 'User: x is not authorized to perform: secretsmanager:x')
  for (const [operation, secret] of [
    ['CreateSecret', { name: 'new', value: 'v' }], ['UpdateSecret', { name: 'twice', value: 'v3' }], ['TagResource', { name: 'twice', tags: { kept: 'after' } }]
  ] as const) {
    fail(operation, 'lost', denied)
    const reply = await bulk(gateway, { secrets: [secret], ...options })
    t.same(results(reply), { [secret.name]: 'failed: aws-access-denied' }, operation)
    t.match(reply.json.items[0].problem.detail, `It is unknown whether AWS carried out ${operation}.`)
    t.same(await state(gateway), before, operation)
  }
})

t.test('the rollback of a restore succeeds even if the reply to its deletion is lost', async (t) => {
  const gateway = await build(t)
  await prepare(gateway)
  const before = await state(gateway)
  const fail = await proxyWithFaults(t, gateway)
  fail('DeleteSecret', 'lost')
  const secrets = [{ name: 'deleted' }, { name: 'last', value: 'v', kmsKeyId: 'alias/none' }]
  t.same(results(await bulk(gateway, { secrets, restore: true, settings: { concurrency: 1 } })), { deleted: 'rolled-back', last: 'failed: aws-refused' })
  t.same(await state(gateway), before)
})

t.test('a rollback deletes replicas too, even in a protected environment', async (t) => {
  const replicated = { dev: { region: 'eu-west-1', credential: 'dev-account', replicaRegions: ['eu-central-1'], deletionProtection: true } }
  const gateway = await build(t, { environments: replicated })
  const failing = [{ name: 'a', value: 'v' }, { name: 'b', value: 'v', kmsKeyId: 'alias/none' }]
  t.same(results(await bulk(gateway, { secrets: failing })), { a: 'rolled-back', b: 'failed: aws-refused' })
  t.same(await state(gateway), [])
  t.same((await gateway.aws('AKIADEV', 'eu-central-1').listSecrets({})).SecretList, [])
})

t.test('a retry does not count a version that was rolled back as written', async (t) => {
  const gateway = await build(t)
  await prepare(gateway)
  const key = { 'idempotency-key': 'k' }
  const json = { secrets: [{ name: 'twice', value: 'v3' }, { name: 'last', kmsKeyId: 'alias/none' }], onConflict: 'update' }
  t.same(results(await bulk(gateway, json, key)), { twice: 'rolled-back', last: 'failed: aws-refused' })
  t.same(results(await bulk(gateway, json, key)).twice, 'failed: idempotency-key-spent')
  const { Versions = [] } = await gateway.aws('AKIADEV').send(new ListSecretVersionIdsCommand({ SecretId: 'dev/twice', IncludeDeprecated: true }))
  t.equal(Versions.length, 3)
  t.equal((await gateway.send('GET', `${path}/twice`)).json.value, 'v2')
})
