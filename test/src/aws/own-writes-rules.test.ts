import t, { type Test } from 'tap'
import type { AwsCall } from '#src/aws/call'
import { seeOwnWrites } from '#src/aws/own-writes'
import { createRecentWrites, type Aspect, type Effect } from '#src/aws/recent-writes'
import { rememberWrites } from '#src/aws/remember-writes'
import { environmentFrom } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import { isProblem, Problem } from '#src/problems/problem'
import type { SecretsPort } from '#src/aws/port'
import type { ReadSecret } from '#src/aws/secret'

const environment = environmentFrom('dev', { region: 'eu-west-1', credential: 'dev-account' })
const call: AwsCall = { environment, credentialId: 'dev-account' }
const name = 's' as SecretName
const arn = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:s-AbCdEf'

const valueOf = (versionId: string, date: number): ReadSecret =>
  ({ name, arn, versionId, versionStages: ['AWSCURRENT'], createdDate: new Date(date), content: versionId })

/** A port whose replies a test sets, on clocks that move only on demand. */
function setUp (replaced: Partial<SecretsPort> = {}) {
  const clock = { monotonic: 0, wall: 1_000_000 }
  const replies: (ReadSecret | Problem)[] = []
  const next = async (): Promise<ReadSecret> => {
    const reply = replies.length > 1 ? replies.shift() : replies[0]
    if (reply instanceof Problem || reply === undefined) throw reply ?? new Error('no reply')
    return reply
  }
  const inner = {
    getSecretValue: next,
    batchGetSecretValue: async () => ({
      items: [await next().then((secret) => ({ name, secret }), (problem: unknown) => ({ name, problem }))]
    }),
    putSecretValue: async () => ({ name, arn, versionId: 'new' }),
    restoreSecret: async () => ({ name, arn }),
    rotateSecret: async () => ({ name, arn, versionId: 'rotated' }),
    deleteSecret: async () => ({ name, arn, deletionDate: new Date() }),
    createSecret: async () => { throw new Problem('secret-pending-deletion') },
    getResourcePolicy: async () => { await next(); return { name, arn } },
    listSecretVersionIds: async () => ({ items: [await next()] }),
    ...replaced
  }
  const monotonic = (): number => clock.monotonic
  const writes = createRecentWrites(monotonic, () => clock.wall)
  const port = rememberWrites(seeOwnWrites(inner as unknown as SecretsPort, writes), writes, monotonic)
  return { clock, replies, inner, port }
}

const old = valueOf('old', 999_999)

await t.test('a value from before a write is read again, for three seconds', async (t) => {
  const { clock, replies, port } = setUp()
  replies.push(old)
  t.equal((await port.getSecretValue(call, name)).versionId, 'old', 'nothing is known before the write')
  await port.putSecretValue(call, name, 'new')
  replies.splice(0, 1, old, old, valueOf('new', 1_000_000))
  t.equal((await port.getSecretValue(call, name)).versionId, 'new')
  replies.splice(0, 1, old, valueOf('new', 1_000_000))
  t.match(await port.batchGetSecretValue(call, { names: [name] }), { items: [{ secret: { versionId: 'new' } }] })
  replies.splice(0, 1, old)
  t.equal((await port.getSecretValue({ ...call, credentialId: 'other' }, name)).versionId, 'old', 'another credential')
  t.equal((await port.getSecretValue(call, name, { versionStage: 'AWSPREVIOUS' })).versionId, 'old', 'another label')
  clock.monotonic = 3_000
  t.equal((await port.getSecretValue(call, name)).versionId, 'old')
})

await t.test('a reply is compared with the writes of the three seconds before the request, however late it arrives', async (t) => {
  for (const operation of ['getSecretValue', 'batchGetSecretValue'] as const) {
    const { clock, replies, inner, port } = setUp()
    await port.putSecretValue(call, name, 'new')
    const ask = inner[operation] as () => Promise<unknown>
    Object.assign(inner, {
      [operation]: async () => {
        clock.monotonic += 200
        return ask()
      }
    })
    clock.monotonic = 2_900
    replies.push(old, valueOf('new', 1_000_000))
    const reply = operation === 'getSecretValue' ? await port.getSecretValue(call, name) : await port.batchGetSecretValue(call, { names: [name] })
    t.match(JSON.stringify(reply), /"versionId":"new"/, operation)
  }
})

await t.test('a value that is newer than the write is not read again', async (t) => {
  const { replies, port } = setUp()
  await port.putSecretValue(call, name, 'new')
  replies.push(valueOf('of another writer', 1_000_000))
  t.equal((await port.getSecretValue(call, name)).versionId, 'of another writer')
  replies.splice(0, 1, old)
  await port.rotateSecret(call, name, {})
  t.equal((await port.getSecretValue(call, name)).versionId, 'old', 'nor after a rotation, which ends at any time')
})

await t.test('a repetition of a forgotten write is not mistaken for a new version', async (t) => {
  const { replies, port } = setUp({ putSecretValue: async () => ({ name, arn, versionId: 'old', versionStages: ['AWSPREVIOUS'] }) })
  await port.putSecretValue(call, name, 'old', { versionId: 'old' })
  replies.push(valueOf('current', 999_999), valueOf('old', 999_999))
  t.equal((await port.getSecretValue(call, name)).versionId, 'current')
})

await t.test('after concurrent writes, each of their versions may be current', async (t) => {
  let versions = 0
  const { clock, replies, port } = setUp({ putSecretValue: async () => ({ name, arn, versionId: `new ${++versions}` }) })
  await port.putSecretValue(call, name, 'v')
  t.notOk(port.mayBeCurrent(call, name, 'new 1'), 'the order of the writes is known')
  await Promise.all([port.putSecretValue(call, name, 'v'), port.putSecretValue(call, name, 'v')])
  replies.push(old, valueOf('new 1', 999_999), valueOf('new 2', 999_999))
  t.equal((await port.getSecretValue(call, name)).versionId, 'new 2')
  t.same(['old', 'new 1', 'new 2', 'new 3'].map((id) => port.mayBeCurrent(call, name, id)), [false, false, true, true])
  clock.monotonic = 3_000
  t.notOk(port.mayBeCurrent(call, name, 'new 2'))
})

await t.test('a write whose outcome is unknown does not hide an earlier write', async (t) => {
  const lost = new Problem('aws-unavailable', { failure: { operation: 'PutSecretValue', cause: 'broken-off', effect: 'unknown' } })
  for (const [operation, write] of Object.entries({
    putSecretValue: async ({ port }) => port.putSecretValue(call, name, 'lost'),
    updateSecret: async ({ port }) => port.updateSecret(call, name, { content: 'lost' }),
    createSecret: async ({ port }) => port.createSecret(call, name, { content: 'lost', tags: {}, replicaRegions: [] }),
    tagResource: async ({ port }) => port.tagResource(call, name, { a: 'b' })
  } as Record<string, (set: ReturnType<typeof setUp>) => Promise<unknown>>)) {
    let isLost = false
    let given: { versionId?: string } = {}
    const set = setUp({
      async [operation] (...[, , one, two]: { versionId?: string }[]) {
        if (isLost) given = two ?? one ?? {}
        if (isLost) throw lost
        return { name, arn, versionId: 'new' }
      }
    })
    await set.port.putSecretValue(call, name, 'new')
    isLost = true
    await t.rejects(write(set), { code: 'aws-unavailable' }, operation)
    set.replies.push(old, valueOf('new', 999_999))
    t.equal((await set.port.getSecretValue(call, name)).versionId, 'new', operation)
    set.replies.splice(0, 1, old, valueOf(given.versionId ?? 'new', 999_999))
    t.equal((await set.port.getSecretValue(call, name)).versionId, given.versionId ?? 'new', 'it may have been carried out')
  }
})

await t.test('a secret that was written a moment ago is looked for again', async (t) => {
  const { replies, port } = setUp()
  await port.restoreSecret(call, name)
  for (const read of [
    async () => port.getSecretValue(call, name), async () => port.getResourcePolicy(call, name),
    async () => port.listSecretVersionIds(call, name, {}), async () => port.batchGetSecretValue(call, { names: [name] })
  ]) {
    replies.splice(0, 2, new Problem('secret-not-found'), old)
    await t.resolves(async () => { await read() })
  }
  replies.splice(0, 1, new Problem('version-not-found'))
  await t.rejects(port.getSecretValue(call, name), { code: 'version-not-found' }, 'the write did not make the version current')
  await port.putSecretValue(call, name, 'new')
  replies.splice(0, 1, new Problem('version-not-found'), valueOf('new', 1_000_000))
  t.equal((await port.getSecretValue(call, name, { versionId: 'new' })).versionId, 'new')
})

await t.test('a batch has the problem of a repeated read, and other errors are thrown', async (t) => {
  const { replies, port } = setUp()
  await port.putSecretValue(call, name, 'new')
  replies.push(new Problem('secret-not-found'), new Problem('aws-throttled'))
  t.match(await port.batchGetSecretValue(call, { names: [name] }), { items: [{ problem: { code: 'aws-throttled' } }] })
  const defect = setUp()
  await defect.port.putSecretValue(call, name, 'new')
  defect.replies.push(old)
  defect.inner.getSecretValue = async () => { throw new TypeError('a defect') }
  await t.rejects(defect.port.batchGetSecretValue(call, { names: [name] }), { message: 'a defect' })
})

await t.test('no read is repeated for a caller that has left', async (t: Test) => {
  const { replies, port } = setUp()
  await port.putSecretValue(call, name, 'new')
  replies.push(new Problem('secret-not-found'), old)
  await t.rejects(port.getSecretValue({ ...call, signal: AbortSignal.abort() }, name), { code: 'secret-not-found' })
})

await t.test('a creation waits ten seconds for a deletion of this process, and not for those of other processes', async (t) => {
  const { clock, port } = setUp()
  const create = async () => port.createSecret(call, name, { tags: {}, replicaRegions: [] })
  await t.rejects(create(), { code: 'secret-pending-deletion' })
  await port.deleteSecret(call, name, { force: true })
  const waiting = create()
  clock.monotonic = 10_001
  await t.rejects(waiting, { code: 'secret-pending-deletion' })
})

await t.test('each of several concurrent writes may be the last, and a write whose outcome is unknown may have been carried out', async (t) => {
  const writes = createRecentWrites(() => 0, () => 0)
  const known = (key: string, aspect: Aspect = 'label a'): string | undefined => writes.find(key, 1).get(aspect)?.values.join(' or ')
  const write = async (key: string, effect: Effect, carryOut = async (): Promise<unknown> => Promise.resolve()): Promise<unknown> =>
    writes.during(key, carryOut, () => effect).catch((thrown: unknown) => thrown)
  await Promise.all(['1', '2'].map(async (id) => write('overlapping', { 'label a': id, [`label ${id}`]: id, state: 'present' })))
  t.equal(known('overlapping'), '1 or 2')
  t.equal(known('overlapping', 'state'), 'present', 'both have the same effect')
  t.equal(known('overlapping', 'label 1'), '1', 'only one has this effect')
  await write('overlapping', { 'label a': '3' })
  t.equal(known('overlapping'), '3', 'a later write')
  t.equal(writes.find('overlapping', 0).size, 0)

  await write('k', { 'label a': '1' })
  t.ok(isProblem(await write('k', { 'label a': '2' }, async () => Promise.reject(new Problem('aws-refused'))), 'aws-refused'))
  t.equal(known('k'), '1', 'AWS has refused the write')
  const lost = new Problem('aws-timeout', { failure: { operation: 'PutSecretValue', cause: 'timed-out', effect: 'unknown' } })
  const beside = Promise.withResolvers<undefined>()
  const waiting = write('k', { 'label a': '2' }, async () => beside.promise)
  await write('k', { 'label a': '3' }, async () => Promise.reject(lost))
  t.equal(known('k'), '1 or 3')
  beside.resolve(undefined)
  await waiting
  t.equal(known('k'), '3 or 2', 'the write that overlapped with it is certain')
  await write('k', { 'label a': '4' })
  t.equal(known('k'), '4', 'a later write')

  const later = Promise.withResolvers<undefined>()
  const overlapping = write('new', { 'label a': '1' }, async () => later.promise)
  await write('new', { 'label a': '2' }, async () => Promise.reject(lost))
  t.equal(known('new'), undefined, 'nothing was known before')
  later.resolve(undefined)
  await overlapping
  t.equal(known('new'), '2 or 1')
  for (let count = 0; count <= 10_000; count++) await write(String(count), { state: 'present' })
  t.equal(known('0', 'state'), undefined, 'the oldest is forgotten')
  t.equal(known('1', 'state'), 'present')
})
