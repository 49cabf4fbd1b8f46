import t, { type Test } from 'tap'
import { roleArns } from '#test/aws-roles'
import { proxyWithFaults, refusal } from '#test/faults'
import { build, caching, declared, embedded, policies, sameCalls, tokens, type Gateway, type Reply, type RequestOptions } from '#test/helper'

const path = '/environments/dev/values'
const second = 1 / 86_400

interface Scene extends Gateway {
  read: (names: readonly string[], options?: RequestOptions & { query?: string }) => Promise<Reply>
  /** Checks the calls to AWS since the last check. */
  called: (t: Test, expected: readonly string[], message?: string) => void
  /** Stores a value in AWS directly, not through the gateway. */
  writeElsewhere: (name: string, value: string) => Promise<void>
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`)

/** Starts a gateway whose cache is enabled, and creates secrets whose values are their names. */
async function scene (t: Test, names: readonly string[], change: Parameters<typeof build>[1] = {}): Promise<Scene> {
  const gateway = await build(t, { ...caching, ...change })
  const aws = gateway.aws('AKIADEV')
  for (const name of names) await aws.createSecret({ Name: `dev/${name}`, SecretString: name })
  gateway.catchUp()
  gateway.awsCalls.length = 0
  return {
    ...gateway,
    read: async (names, { query = '', ...options } = {}) => gateway.send('POST', `${path}${query}`, { json: { names }, ...options }),
    called (t, expected, message) {
      sameCalls(t, gateway, expected, message)
      gateway.awsCalls.length = 0
    },
    async writeElsewhere (name, value) {
      await aws.putSecretValue({ SecretId: `dev/${name}`, SecretString: value })
      gateway.awsCalls.length = 0
    }
  }
}

const status = ({ headers }: Reply): string | null => headers.get('cache-status')

const valuesIn = ({ json }: Reply): unknown[] =>
  json.items.map(({ secret, problem }: { secret?: { value: string }, problem?: { code: string } }) => secret?.value ?? problem?.code)

t.test('readSecrets: 80 secrets that are not cached are four calls, and none when they are', async (t) => {
  const names = numbered(80)
  const { read, called, trail } = await scene(t, names)
  t.same(valuesIn(await read(names)), names)
  called(t, Array.from({ length: 4 }, () => 'BatchGetSecretValue'))
  t.match(trail().at(-1), { event: 'outcome', awsRequestIds: { length: 4 }, awsCalls: undefined }, 'each call is recorded once')
  t.same(valuesIn(await read(names)), names)
  called(t, [])
})

t.test('readSecrets: AWS is asked only for what is not cached, and single reads share the cache', async (t) => {
  const names = numbered(42)
  const { read, called, send } = await scene(t, names)
  t.same(valuesIn(await read(names.slice(2))), names.slice(2))
  called(t, ['BatchGetSecretValue', 'BatchGetSecretValue'])
  t.same(valuesIn(await read(names)), names)
  called(t, ['BatchGetSecretValue'])
  t.match(await send('GET', '/environments/dev/secrets/n0'), { json: { value: 'n0' } })
  called(t, [])
})

t.test('readSecrets: the headers and the trail tell where the values come from', async (t) => {
  const { read, trail, advance } = await scene(t, ['a', 'b', 'c'])
  const recordsOf = async (names: readonly string[]): Promise<{ reply: Reply, records: unknown[] }> => {
    const before = trail().length
    const reply = await read(names)
    return { reply, records: trail().slice(before) }
  }
  const fresh = await recordsOf(['a'])
  t.equal(status(fresh.reply), 'secrets-gateway; fwd=miss; ttl=300')
  t.match(fresh.records, [{ event: 'intent' }, { event: 'item', name: 'a', cache: undefined }, { event: 'outcome', cache: undefined, age: undefined }])
  advance(100 * second)

  const mixed = await recordsOf(['a', 'b', 'c'])
  t.match(status(mixed.reply), /^secrets-gateway; fwd=miss; ttl=(199|200)$/, 'the time to live of the value that becomes stale first')
  t.equal(mixed.reply.headers.get('age'), null)
  t.match(mixed.records, [
    { event: 'intent' },
    { event: 'item', name: 'a', cache: 'hit', age: undefined },
    { event: 'item', names: ['b', 'c'], cache: undefined },
    { event: 'outcome', items: 3, cache: undefined, age: undefined, awsRequestIds: { length: 1 }, awsCalls: undefined }
  ])

  const cached = await recordsOf(['b', 'a', 'c'])
  t.match(status(cached.reply), /^secrets-gateway; hit; ttl=(199|200)$/)
  t.match(cached.reply.headers.get('age'), /^10[01]$/, 'the age of the oldest value')
  t.match(cached.records, [
    { event: 'intent' },
    { event: 'item', names: ['b', 'a', 'c'], versionIds: [String, String, String], cache: 'hit', age: undefined, decision: { allowed: true } },
    { event: 'outcome', items: 3, cache: 'hit', age: Number, awsRequestIds: undefined }
  ])
})

t.test('readSecrets: AWS lists the secrets that match filters, and their values come from the cache', async (t) => {
  const gateway = await scene(t, ['team/a', 'team/b'])
  const { send, called, aws, catchUp } = gateway
  const matching = async (): Promise<Reply> => send('POST', path, { json: { filters: { namePrefix: 'team/' } } })
  t.same(valuesIn(await matching()).sort(), ['team/a', 'team/b'])
  called(t, ['ListSecrets', 'BatchGetSecretValue'])
  t.same(valuesIn(await matching()).sort(), ['team/a', 'team/b'])
  called(t, ['ListSecrets'])
  await aws('AKIADEV').createSecret({ Name: 'dev/team/c', SecretString: 'team/c' })
  catchUp()
  t.same(valuesIn(await matching()).sort(), ['team/a', 'team/b', 'team/c'])

  const fail = await proxyWithFaults(t, gateway)
  t.match(await matching(), { status: 200 })
  fail('ListSecrets', 'reset', 'reset', 'reset')
  t.match(await matching(), { status: 502, json: { code: 'aws-unavailable' } })
})

t.test('readSecrets: refresh and Cache-Control make the gateway ask AWS, and a request counts as one refresh', async (t) => {
  const names = numbered(30)
  const limits = { ...declared.limits, refreshes: { requestsPerSecond: 2 / 3_000, burst: 2 } }
  const { read, called, writeElsewhere, advance, trail } = await scene(t, names, { limits })
  await read(names)
  await writeElsewhere('n0', 'second')
  t.match(valuesIn(await read(names)), ['n0'])
  const refreshed = await read(names, { query: '?refresh=true' })
  t.match(valuesIn(refreshed), ['second'])
  t.equal(status(refreshed), 'secrets-gateway; fwd=request; ttl=300')
  called(t, ['BatchGetSecretValue', 'BatchGetSecretValue'])
  await writeElsewhere('n1', 'third')
  t.match(valuesIn(await read(names, { headers: { 'cache-control': 'no-cache' } })), ['second', 'third'])
  called(t, ['BatchGetSecretValue', 'BatchGetSecretValue'])
  t.match(await read(names, { query: '?refresh=true' }), { status: 429, json: { code: 'rate-limited' } })
  t.match(trail().at(-1), { event: 'outcome', status: 429, reason: 'refresh' })

  advance(10 * second)
  t.match(status(await read(names, { headers: { 'cache-control': 'max-age=60' } })), /hit/)
  called(t, [])
  t.match(status(await read(names, { headers: { 'cache-control': 'max-age=9' } })), /fwd=stale/)
  called(t, ['BatchGetSecretValue', 'BatchGetSecretValue'])
})

t.test('readSecrets: a write is seen by the next read, a lost permission is refused, and an absence is cached briefly', async (t) => {
  const { read, send, called, fastify: { config }, advance } = await scene(t, ['a', 'b'])
  t.same(valuesIn(await read(['a', 'b', 'none'])), ['a', 'b', 'secret-not-found'])
  await send('PUT', '/environments/dev/secrets/a', { json: { value: 'w' } })
  t.same(valuesIn(await read(['a', 'b', 'none'])), ['w', 'b', 'secret-not-found'])
  called(t, ['BatchGetSecretValue', 'GetSecretValue', 'PutSecretValue', 'GetSecretValue'], 'only the secret that was written is read again')
  advance(5 * second)
  await read(['b', 'none'])
  called(t, ['GetSecretValue'], 'the absence is no longer known')
  t.match(await send('PUT', '/environments/dev/secrets/none', { json: { value: 'n' } }), { status: 201 })
  t.same(valuesIn(await read(['b', 'none'])), ['b', 'n'])

  config.replace({
    ...config.current,
    ...policies(`
      @id("environment") permit (principal == Caller::"reader", action in [Action::"DescribeEnvironment", Action::"BatchGetSecretValue"], resource);
      @id("b") permit (principal == Caller::"reader", action == Action::"GetSecretValue", resource) when { resource has name && resource.name == "b" };
    `)
  })
  const reply = await read(['a', 'b'], { token: tokens.reader })
  t.match(reply.json.items, [{ name: 'a', problem: { code: 'forbidden', status: 403 } }, { name: 'b', secret: { value: 'b' } }])
  t.match(status(reply), /hit/)
})

t.test('readSecrets: a placeholder and a secret that AWS denies are problems of their items', async (t) => {
  const gateway = await scene(t, ['a', 'denied'])
  const aws = gateway.aws('AKIADEV')
  await aws.createSecret({ Name: 'dev/empty' })
  await aws.putResourcePolicy({ SecretId: 'dev/denied', ResourcePolicy: JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Principal: { AWS: 'arn:aws:iam::111111111111:root' }, Action: 'secretsmanager:GetSecretValue', Resource: '*' }]
  }) })
  for (const source of [/fwd=miss/, /fwd=miss/]) {
    const reply = await gateway.read(['a', 'denied', 'empty'])
    t.same(valuesIn(reply), ['a', 'aws-access-denied', 'secret-has-no-value'])
    t.match(status(reply), source, 'a denial is not cached')
  }
  t.match(gateway.trail().filter(({ event }) => event === 'item').slice(-3), [
    { name: 'a', cache: 'hit', status: 200 }, { name: 'denied', cache: undefined, status: 403 }, { name: 'empty', cache: 'hit', status: 409 }
  ])
  const denial = refusal('AccessDeniedException', 'User: arn:aws:iam::111111111111:user/x is not authorized to perform: secretsmanager:BatchGetSecretValue')
  const fail = await proxyWithFaults(t, gateway)
  await gateway.read(['a', 'empty'])
  fail('BatchGetSecretValue', denial, denial, denial)
  t.same(valuesIn(await gateway.read(['a', 'empty'], { query: '?refresh=true' })), ['a', 'secret-has-no-value'], 'without the right to the batch call')
})

t.test('readSecrets: during an outage of AWS, cached values are returned, and what is not cached fails as a whole', async (t) => {
  const names = ['a', 'b']
  const gateway = await scene(t, [...names, 'cold'], { cache: { staleIfErrorSeconds: 3_600 } })
  const { read, trail, advance } = gateway
  const fail = await proxyWithFaults(t, gateway)
  await read(names)
  const stop = (): void => {
    for (const operation of ['GetSecretValue', 'BatchGetSecretValue']) fail(operation, ...Array.from({ length: 100 }, () => 'reset' as const))
  }
  stop()
  t.same(valuesIn(await read(names)), names)
  t.match(await read([...names, 'cold']), { status: 502, json: { code: 'aws-unavailable', items: undefined } })
  t.match(await read(names, { headers: { 'aws-credential-id': 'unknown-to-aws' } }), { status: 502 }, 'another credential')

  advance(310 * second)
  const stale = await read(names)
  t.same(valuesIn(stale), names)
  t.match(status(stale), /^secrets-gateway; fwd=stale; ttl=-\d+; detail=aws-unavailable$/)
  t.match(stale.headers.get('age'), /^31\d$/)
  t.match(trail().slice(-2), [{ event: 'item', names, status: 200, cache: 'stale', age: undefined }, { event: 'outcome', status: 200, cache: 'stale', age: Number }])
  t.match(await read(names, { query: '?refresh=true' }), { status: 502, json: { code: 'aws-unavailable' } })
})

t.test('readSecrets: a credential that AWS does not know is the problem of the request', async (t) => {
  const { read } = await scene(t, ['a'])
  t.match(await read(['a', 'b'], { headers: { 'aws-credential-id': 'unknown-to-aws' } }), { status: 502, json: { code: 'credential-invalid' } })
})

t.test('readSecrets: without a cache, AWS is asked in batches, and no header tells of a cache', async (t) => {
  const names = numbered(30)
  const { read, called } = await scene(t, names, { environments: { dev: { ...declared.environments.dev, cache: { ttlSeconds: 0 } } } })
  for (const query of ['', '', '?refresh=true']) {
    const reply = await read(names, { query })
    t.same(valuesIn(reply), names)
    t.equal(status(reply), null)
    called(t, ['BatchGetSecretValue', 'BatchGetSecretValue'])
  }
})

t.test('readSecrets: callers of a role share cached values, unless the credential forbids it', async (t) => {
  for (const shareReads of [true, false]) {
    const role = { kind: 'assume-role', roleArn: roleArns.dev, source: 'platform', externalId: 'of-the-gateway', shareReads } as const
    const gateway = await build(t, {
      cache: {},
      environments: { dev: { region: 'eu-west-1', credential: 'dev-role' } },
      credentials: { ...declared.credentials, platform: embedded('AKIAPLATFORM'), 'dev-role': role }
    })
    for (const name of ['a', 'b']) await gateway.send('PUT', `/environments/dev/secrets/${name}`, { json: { value: name } })
    const before = gateway.signers.length
    for (const token of [tokens.administrator, tokens.reader, tokens.reader]) {
      t.same(valuesIn(await gateway.send('POST', path, { json: { names: ['a', 'b'] }, token })), ['a', 'b'])
    }
    const readers = gateway.signers.slice(before).filter(({ operation }) => operation === 'BatchGetSecretValue').map(({ sourceIdentity }) => sourceIdentity)
    t.same(readers, shareReads ? ['administrator'] : ['administrator', 'reader'])
  }
})
