import t, { type Test } from 'tap'
import { roleArns } from '#test/aws-roles'
import { proxyWithFaults, refusal } from '#test/faults'
import { build, caching, declared, embedded, policies, tokens, type Gateway, type Reply } from '#test/helper'

const path = '/environments/dev/secrets/payments%2Fdb'
const second = 1 / 86_400

interface Scene extends Gateway {
  read: (query?: string, headers?: Record<string, string>) => Promise<Reply>
  /** Returns the calls to AWS since the last call of this function. */
  calls: () => string[]
  /** Stores a value in AWS directly, not through the gateway. */
  writeElsewhere: (value: string, versionId?: string) => Promise<string>
}

/** Starts a gateway whose cache is enabled, and creates a secret. */
async function scene (t: Test, change: Parameters<typeof build>[1] = {}): Promise<Scene> {
  const gateway = await build(t, { ...caching, ...change })
  const aws = gateway.aws('AKIADEV')
  await aws.createSecret({ Name: 'dev/payments/db', SecretString: 'first' })
  let seen = gateway.awsCalls.length
  return {
    ...gateway,
    read: async (query = '', headers = {}) => gateway.send('GET', `${path}${query}`, { headers }),
    calls () {
      const calls = gateway.awsCalls.slice(seen)
      seen = gateway.awsCalls.length
      return calls
    },
    async writeElsewhere (value) {
      const { VersionId = '' } = await aws.putSecretValue({ SecretId: 'dev/payments/db', SecretString: value })
      seen = gateway.awsCalls.length
      return VersionId
    }
  }
}

const status = ({ headers }: Reply): string | null => headers.get('cache-status')

t.test('readSecret: a value is read from AWS once, and then from the cache until it becomes stale', async (t) => {
  const { read, calls, advance, writeElsewhere } = await scene(t)
  const miss = await read()
  t.match(miss, { status: 200, json: { value: 'first' } })
  t.equal(status(miss), 'secrets-gateway; fwd=miss; ttl=300')
  t.equal(miss.headers.get('age'), null)
  t.same(calls(), ['GetSecretValue'])

  const changed = await writeElsewhere('second')
  advance(100 * second)
  const hit = await read()
  t.same(hit.json, miss.json)
  t.match(status(hit), /^secrets-gateway; hit; ttl=(199|200)$/)
  t.match(hit.headers.get('age'), /^10[01]$/)
  t.match(await read('', { accept: 'text/plain' }), { status: 200, text: 'first' }, 'in another form')
  // Without a Cache-Control, fetch would add `no-cache` to a request that has If-None-Match.
  const unchanged = await read('', { 'if-none-match': hit.headers.get('etag') ?? '', 'cache-control': 'max-age=300' })
  t.match(unchanged, { status: 304, text: '' })
  t.match(status(unchanged), /hit/)
  t.match(await read(`?versionId=${hit.json.versionId}`), { status: 200, json: { value: 'first' } }, 'by its ID')
  t.match(await read('?versionStage=AWSCURRENT'), { status: 200, json: { value: 'first' } }, 'by its label')
  t.same(calls(), [])

  advance(201 * second)
  const renewed = await read()
  t.match(renewed.json, { value: 'second', versionId: changed })
  t.equal(status(renewed), 'secrets-gateway; fwd=stale; ttl=300')
  t.same(calls(), ['GetSecretValue'])
  t.match(await read('?versionStage=AWSPREVIOUS'), { json: { value: 'first' } })
  t.same(calls(), ['GetSecretValue'], 'the old version lost its label')
})

t.test('a cache hit leaves one audit record, and a read from AWS leaves two', async (t) => {
  const { read, trail, advance } = await scene(t)
  const before = trail().length
  const { json: { versionId } } = await read()
  advance(42 * second)
  await read()
  await read('?field=none')
  const records = trail().slice(before)
  t.match(records, [
    { event: 'intent', operation: 'readSecret' },
    { event: 'outcome', intent: records[0].sequence, versionId, awsRequestIds: [/./], cache: undefined, age: undefined },
    {
      event: 'outcome', intent: undefined, operation: 'readSecret', action: 'GetSecretValue', caller: { id: 'administrator' },
      environment: 'dev', name: 'payments/db', credential: 'dev-account', decision: { allowed: true, policies: ['administrators'] },
      status: 200, versionId, awsRequestIds: undefined, cache: 'hit', age: Number
    },
    { event: 'outcome', intent: undefined, status: 409, code: 'value-not-json', cache: 'hit' }
  ])
  t.ok([42, 43].includes(records[2].age))
  t.equal(records.length, 4)
})

t.test('every write is seen by the next read', async (t) => {
  const { read, send } = await scene(t)
  const first = (await read()).json.versionId
  await send('PUT', path, { json: { value: 'second' } })
  t.match((await read()).json, { value: 'second' })
  await send('POST', `${path}/rollback`, { json: {} })
  t.match((await read()).json, { value: 'first', versionId: first })
  await send('DELETE', path)
  t.match(await read(), { status: 409, json: { code: 'secret-pending-deletion' } })
  await send('POST', `${path}/restore`)
  t.match((await read()).json, { value: 'first' })
  await send('PUT', `${path}/stages/mine`, { json: { moveToVersionId: first } })
  t.match((await read()).json, { versionStages: ['AWSCURRENT', 'mine'] })
})

t.test('refresh and Cache-Control make the gateway call AWS, and renew the cached value', async (t) => {
  const { read, calls, writeElsewhere, advance } = await scene(t)
  await read()
  await writeElsewhere('second')
  t.match((await read()).json, { value: 'first' })
  const refreshed = await read('?refresh=true')
  t.match(refreshed.json, { value: 'second' })
  t.equal(status(refreshed), 'secrets-gateway; fwd=request; ttl=300')
  t.match((await read('?refresh=false')).json, { value: 'second' })
  await writeElsewhere('third')
  t.match((await read('', { 'cache-control': 'No-Cache, x' })).json, { value: 'third' })
  calls()
  advance(10 * second)
  t.match(status(await read('', { 'cache-control': 'max-age=60' })), /hit/)
  t.match(status(await read('', { 'cache-control': 'max-stale=5, max-age' })), /hit/, 'other directives change nothing')
  t.same(calls(), [])
  t.match(status(await read('', { 'cache-control': 'max-age=60, max-age=9' })), /fwd=stale/)
  t.same(calls(), ['GetSecretValue'])
})

t.test('a caller\'s demands for AWS\'s own answer are limited, and its other requests are not', async (t) => {
  const limits = { ...declared.limits, refreshes: { requestsPerSecond: 2 / 3_000, burst: 2 } }
  const { read, send, calls, trail } = await scene(t, { limits })
  await read()
  for (const asks of ['no-cache', 'max-age=0']) t.match(await read('', { 'cache-control': asks }), { status: 200 })
  t.equal(calls().length, 3)
  const refused = await read('?refresh=true')
  t.match(refused, { status: 429, json: { code: 'rate-limited' } })
  t.ok(Number(refused.headers.get('retry-after')) > 2_000)
  t.match(trail().at(-1), { event: 'outcome', status: 429, code: 'rate-limited', reason: 'refresh' })
  t.same(calls(), [])
  t.match(status(await read()), /hit/, 'the kept value')
  t.match(status(await read('', { 'cache-control': 'max-age=60' })), /hit/)
  t.match(await send('GET', `${path}?refresh=true`, { token: tokens.reader }), { status: 200 }, 'another caller')

  const without = await scene(t, { limits, cache: { ttlSeconds: 0 } })
  const statuses = [await without.read('?refresh=true'), await without.read('?refresh=true'), await without.read('?refresh=true')].map((reply) => reply.status)
  t.same(statuses, [200, 200, 200], 'where no values are kept, every read asks AWS')
})

t.test('a caller who loses a permission gets 403 even for a cached value', async (t) => {
  const { fastify, read, send, calls } = await scene(t)
  await read()
  t.match(await send('GET', path, { token: tokens.reader }), { status: 200 })
  t.match(await send('GET', path, { token: tokens.writer }), { status: 403 }, 'a caller who never had it')
  const { config } = fastify
  const others = policies('@id("sees") permit (principal == Caller::"reader", action == Action::"DescribeEnvironment", resource);')
  config.replace({ ...config.current, ...others })
  t.match(await send('GET', path, { token: tokens.reader }), { status: 403 })
  t.same(calls(), ['GetSecretValue'])
})

t.test('an absence is cached for a few seconds, unless the gateway creates the secret', async (t) => {
  const { send, calls, advance } = await scene(t)
  const other = '/environments/dev/secrets/other'
  t.match(await send('GET', other), { status: 404, json: { code: 'secret-not-found' } })
  const again = await send('GET', other)
  t.match(again, { status: 404, json: { code: 'secret-not-found' } })
  t.match(status(again), /^secrets-gateway; hit; ttl=[45]$/)
  t.same(calls(), ['GetSecretValue'])
  advance(5 * second)
  t.match(await send('GET', other), { status: 404 })
  t.same(calls(), ['GetSecretValue'])
  t.match(await send('PUT', other, { json: { value: 'v' } }), { status: 201 })
  t.match(await send('GET', other), { status: 200, json: { value: 'v' } })
})

t.test('an environment can set its own times, and 0 disables its cache', async (t) => {
  const { read, calls } = await scene(t, {
    environments: { dev: { ...declared.environments.dev, cache: { ttlSeconds: 0 } } }
  })
  t.equal(status(await read()), 'secrets-gateway; fwd=bypass')
  await read()
  t.same(calls(), ['GetSecretValue', 'GetSecretValue'])
})

t.test('while AWS fails, a stale value is used, and the reply and the trail say so', async (t) => {
  const gateway = await scene(t, { cache: { staleIfErrorSeconds: 3_600 }, aws: { deadlineSeconds: 1 } })
  const { read, trail, advance } = gateway
  await read()
  const fail = await proxyWithFaults(t, gateway)
  await read('?refresh=true')
  advance(310 * second)
  const error = { status: 500, body: '{"__type":"InternalServiceError"}' }
  fail('GetSecretValue', error, error, error, error, error, error)
  const before = trail().length
  const stale = await read()
  t.match(stale, { status: 200, json: { value: 'first' } })
  t.match(status(stale), /^secrets-gateway; fwd=stale; ttl=-\d+; detail=aws-(unavailable|timeout)$/)
  const records = trail().slice(before)
  t.match(records, [{ event: 'intent' }, { event: 'outcome', status: 200, cache: 'stale', age: Number }])
  t.match(status(await read()), /^secrets-gateway; hit; ttl=-\d+; detail=aws-(unavailable|timeout)$/)
  fail('GetSecretValue', refusal('AccessDeniedException', 'no'))
  advance(5 * second)
  t.match(await read(), { status: 403, json: { code: 'aws-access-denied' } })
})

t.test('a reload empties the cache if it changes environments or credentials', async (t) => {
  const { fastify: { config }, read, calls } = await scene(t)
  await read()
  config.replace({ ...config.current })
  t.match(status(await read()), /hit/)
  config.replace({ ...config.current, credentials: new Map(config.current.credentials).set('other', embedded('AKIAPROD')) })
  t.match(status(await read()), /fwd=miss/)
  t.same(calls(), ['GetSecretValue', 'GetSecretValue'])
})

t.test('callers of a role share cached values, unless the credential forbids it', async (t) => {
  for (const shareReads of [undefined, true, false]) {
    const role = { kind: 'assume-role', roleArn: roleArns.dev, source: 'platform', externalId: 'of-the-gateway' } as const
    const gateway = await build(t, {
      cache: {},
      environments: { dev: { region: 'eu-west-1', credential: 'dev-role' } },
      credentials: { ...declared.credentials, platform: embedded('AKIAPLATFORM'), 'dev-role': { ...role, ...shareReads !== undefined && { shareReads } } }
    })
    await gateway.send('PUT', path, { json: { value: 'v' } })
    const before = gateway.signers.length
    for (const token of [tokens.administrator, tokens.reader]) t.match(await gateway.send('GET', path, { token }), { status: 200 })
    const readers = gateway.signers.slice(before).filter(({ operation }) => operation === 'GetSecretValue').map(({ sourceIdentity }) => sourceIdentity)
    t.same(readers, shareReads === false ? ['administrator', 'reader'] : ['administrator'])
  }
})
