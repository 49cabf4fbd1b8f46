import t, { type Test } from 'tap'
import type { SecretsPort } from '#src/aws/port'
import { Problem } from '#src/problems/problem'
import { proxyWithFaults, refusal } from '#test/faults'
import { build, type Gateway, type Reply } from '#test/helper'

/**
 * Many steps expect one particular error from AWS, such as `secret-not-found`, and then continue in another way. In these tests,
 * such a step fails for a different reason. The request must then fail for that reason, and make no further calls.
 */

const quota = refusal('LimitExceededException', 'A quota is used up.')
const code = 'aws-limit-exceeded'
const secret = (name: string, env = 'dev'): string => `/environments/${env}/secrets/${name}`

/** A request, the operation that fails, and all operations that the request calls. */
interface Failing {
  operation: string
  calls: readonly string[]
  method?: string
  path: string
  json: object
  headers?: Record<string, string>
  /** The requests to send first. */
  before?: readonly (readonly [method: string, path: string, json: object])[]
}

const value = { value: 'v' }
const key = { 'idempotency-key': 'k' }
const bulk = { method: 'POST', path: '/environments/dev/secrets' }
const promotion = { method: 'POST', path: '/environments/prod/promotions' }

const requests: Readonly<Record<string, Failing>> = {
  'a bulk create': { ...bulk, operation: 'CreateSecret', calls: ['CreateSecret'], json: { secrets: [{ name: 'a', ...value }] } },
  'a bulk create that generates a value': {
    ...bulk,
    operation: 'CreateSecret',
    calls: ['GetRandomPassword', 'CreateSecret'],
    json: { secrets: [{ name: 'a', generate: {} }] },
    headers: key
  },
  'a bulk create that updates a secret with a generated value': {
    ...bulk,
    operation: 'UpdateSecret',
    calls: ['GetRandomPassword', 'CreateSecret', 'DescribeSecret', 'GetRandomPassword', 'UpdateSecret'],
    json: { secrets: [{ name: 'a', generate: {} }], onConflict: 'update' },
    headers: key,
    before: [['POST', '/environments/dev/secrets', { secretNames: ['a'] }]]
  },
  'a bulk create that looks at an existing secret': {
    ...bulk,
    operation: 'DescribeSecret',
    calls: ['CreateSecret'],
    json: { secrets: [{ name: 'a', ...value }], onConflict: 'skip' },
    before: [['PUT', secret('a'), value]]
  },
  'an atomic bulk create that looks at all secrets': {
    ...bulk, operation: 'DescribeSecret', calls: [], json: { secrets: [{ name: 'a', ...value }], atomic: true }
  },
  'a put that has to create the secret': {
    operation: 'CreateSecret', calls: ['CreateSecret'], path: secret('a'), json: value, headers: { 'if-none-match': '*' }
  },
  'a put of an existing secret': {
    operation: 'PutSecretValue',
    calls: ['GetSecretValue', 'PutSecretValue'],
    path: secret('a'),
    json: { value: 'w' },
    before: [['PUT', secret('a'), value]]
  },
  'a put that creates the secret': {
    operation: 'CreateSecret', calls: ['GetSecretValue', 'PutSecretValue', 'CreateSecret'], path: secret('a'), json: value
  },
  'a promotion that looks at the original': {
    ...promotion,
    operation: 'DescribeSecret',
    calls: [],
    json: { from: 'dev', names: ['a'] },
    before: [['PUT', secret('a'), value]]
  },
  'a promotion that reads the original': {
    ...promotion,
    operation: 'GetSecretValue',
    calls: ['DescribeSecret', 'DescribeSecret'],
    json: { from: 'dev', names: ['a'] },
    before: [['PUT', secret('a'), value]]
  },
  'a promotion that creates the secret': {
    ...promotion,
    operation: 'CreateSecret',
    calls: ['DescribeSecret', 'DescribeSecret', 'GetSecretValue', 'CreateSecret'],
    json: { from: 'dev', names: ['a'] },
    before: [['PUT', secret('a'), value]]
  },
  'a promotion that puts the new version': {
    ...promotion,
    operation: 'PutSecretValue',
    calls: ['DescribeSecret', 'DescribeSecret', 'GetSecretValue', 'GetSecretValue', 'DescribeSecret', 'PutSecretValue', 'UpdateSecretVersionStage'],
    json: { from: 'dev', names: ['a'], onConflict: 'update' },
    before: [['PUT', secret('a'), value], ['PUT', secret('a', 'prod'), { value: 'old' }]]
  },
  'a promotion that sets the tags': {
    ...promotion,
    operation: 'TagResource',
    calls: [
      'DescribeSecret', 'DescribeSecret', 'GetSecretValue', 'GetSecretValue', 'DescribeSecret', 'PutSecretValue', 'TagResource', 'UpdateSecretVersionStage'
    ],
    json: { from: 'dev', names: ['a'], onConflict: 'update' },
    before: [['PUT', secret('a'), value], ['PUT', `${secret('a')}/tags`, { a: 'b' }], ['PUT', secret('a', 'prod'), { value: 'old' }]]
  }
}

/** Starts a gateway, and sends the requests that have to come first. */
async function setUp (t: Test, { before = [] }: Pick<Failing, 'before'>): Promise<{ gateway: Gateway, fail: Awaited<ReturnType<typeof proxyWithFaults>> }> {
  const gateway = await build(t)
  const fail = await proxyWithFaults(t, gateway)
  for (const [method, path, json] of before) t.ok((await gateway.send(method, path, { json })).status < 300, path)
  gateway.awsCalls.length = 0
  return { gateway, fail }
}

/** Returns the code of a reply's problem, or that of its only item. */
const codeOf = ({ json }: Reply): unknown => json.items?.[0].problem?.code ?? json.code

for (const [title, failing] of Object.entries(requests)) {
  t.test(`${title}: a failure that it does not expect is the result`, async (t) => {
    const { gateway, fail } = await setUp(t, failing)
    const { operation, calls, method = 'PUT', path, json, headers = {} } = failing
    fail(operation, ...Array.from({ length: 3 }, () => quota))
    const reply = await gateway.send(method, path, { json, headers })
    t.equal(codeOf(reply), code)
    fail(operation)
    // The failing call itself does not reach AWS.
    t.same(gateway.awsCalls, calls.filter((call, index) => call !== operation || index < calls.lastIndexOf(operation)))
    t.notMatch(reply.text, '"v"')
  })
}

t.test('an update that reads the target: any failure but secret-not-found is the result, and nothing is created', async (t) => {
  const { gateway, fail } = await setUp(t, { before: [['PUT', secret('a'), value]] })
  // Only the DescribeSecret of the target fails. That of the original, with another credential, succeeds.
  const denied = refusal('AccessDeniedException', 'User: x is not authorized to perform: secretsmanager:DescribeSecret')
  gateway.fastify.awsClient('prod-account', 'eu-west-1').middlewareStack.add((next, { commandName }) => async (args) => {
    if (commandName === 'DescribeSecretCommand') fail('DescribeSecret', denied)
    return next(args)
  }, { step: 'initialize', priority: 'low' })
  const reply = await gateway.send('POST', '/environments/prod/promotions', { json: { from: 'dev', names: ['a'] } })
  t.equal(codeOf(reply), 'aws-access-denied')
  t.same(gateway.awsCalls, ['DescribeSecret'])
})

t.test('a conditional write: only a refusal because of the state leads to another attempt', async (t) => {
  const { gateway, fail } = await setUp(t, { before: [['PUT', secret('a'), value]] })
  const { versionId } = (await gateway.send('GET', secret('a'))).json
  const put = async (): Promise<Reply> => gateway.send('PUT', secret('a'), { json: { value: 'w' }, headers: { 'if-match': `"${versionId}"` } })
  const moves = (): number => gateway.awsCalls.filter((call) => call === 'UpdateSecretVersionStage').length
  gateway.awsCalls.length = 0
  fail('UpdateSecretVersionStage', quota)
  t.match(await put(), { status: 422, json: { code } })
  t.equal(moves(), 1, 'the pending label is removed')

  const refused = refusal('InvalidParameterException', 'No.')
  gateway.awsCalls.length = 0
  fail('UpdateSecretVersionStage', ...Array.from({ length: 13 }, () => refused))
  t.match(await put(), { status: 422, json: { code: 'aws-refused' } }, 'it is refused for three seconds, although the expected version is current')
  t.equal(moves(), 1)
  fail('UpdateSecretVersionStage', ...Array.from({ length: 12 }, () => refused))
  t.match(await put(), { status: 200 }, 'the last attempt succeeds')
  t.equal((await gateway.send('GET', secret('a'))).json.value, 'w')
})

t.test('a conditional write succeeds even if its pending label can\'t be removed', async (t) => {
  const { gateway } = await setUp(t, { before: [['PUT', secret('a'), value]] })
  const { versionId } = (await gateway.send('GET', secret('a'))).json
  const { aws } = gateway.fastify
  const move = aws.updateSecretVersionStage
  let thrown: Error | undefined
  Object.assign(aws, { updateSecretVersionStage: async (...args: Parameters<typeof move>) => {
    if (args[2] === 'AWSCURRENT' || thrown === undefined) return move(...args)
    throw thrown
  } })
  thrown = new Problem('aws-access-denied')
  const put = async (expected: string, text: string): Promise<Reply> =>
    gateway.send('PUT', secret('a'), { json: { value: text }, headers: { 'if-match': `"${expected}"` } })
  const written = await put(versionId, 'w')
  t.equal(written.status, 200)
  thrown = new TypeError('canary')
  t.match(await put(written.json.versionId, 'x'), { status: 500, json: { code: 'internal-error' } }, 'a defect is not taken for a failure of AWS')
})

/** For each test, the function of the port that gets a defect, and the request that calls it. */
const defects: Readonly<Record<string, Failing & { in: keyof SecretsPort }>> = Object.fromEntries(([
  ['describeSecret', 'a bulk create that looks at an existing secret'],
  ['describeSecret', 'an atomic bulk create that looks at all secrets'],
  ['createSecret', 'a bulk create'],
  ['updateSecret', 'a bulk create that updates a secret with a generated value'],
  ['createSecret', 'a put that has to create the secret'],
  ['getSecretValue', 'a put of an existing secret'],
  ['putSecretValue', 'a put of an existing secret'],
  ['createSecret', 'a put that creates the secret'],
  ['describeSecret', 'a promotion that looks at the original'],
  ['getSecretValue', 'a promotion that reads the original'],
  ['createSecret', 'a promotion that creates the secret'],
  ['putSecretValue', 'a promotion that puts the new version'],
  ['tagResource', 'a promotion that sets the tags']
] as const).flatMap(([port, title]) => {
  const failing = requests[title]
  return failing === undefined ? [] : [[`${title}, ${port}`, { ...failing, in: port }]]
}))

for (const [title, { in: port, method = 'PUT', path, json, headers = {}, ...failing }] of Object.entries(defects)) {
  t.test(`${title}: a defect is an internal error, and not the outcome of one secret`, async (t) => {
    const { gateway } = await setUp(t, failing)
    Object.assign(gateway.fastify.aws, { [port]: async () => { throw new TypeError('canary') } })
    const { length } = gateway.trail()
    const reply = await gateway.send(method, path, { json, headers })
    t.match(reply, { status: 500, json: { code: 'internal-error' } })
    t.same(gateway.trail().slice(length).map(({ event }) => event), ['intent', 'outcome'], 'no outcome of a secret is recorded')
    t.notMatch(reply.text + gateway.log.join(''), 'canary')
  })
}

t.test('a promotion that can\'t read the target\'s value writes it, unless a defect is the reason', async (t) => {
  const { gateway } = await setUp(t, { before: [['PUT', secret('a'), value], ['PUT', secret('a', 'prod'), value]] })
  const { aws } = gateway.fastify
  const read = aws.getSecretValue
  let thrown: Error = new Problem('kms-failure')
  Object.assign(aws, { getSecretValue: async (...args: Parameters<typeof read>) => {
    if (args[0].environment.name === 'dev') return read(...args)
    throw thrown
  } })
  const send = async (): Promise<Reply> =>
    gateway.send('POST', '/environments/prod/promotions', { json: { from: 'dev', names: ['a'], onConflict: 'update' } })
  t.match((await send()).json.items, [{ result: 'updated' }])
  thrown = new TypeError('canary')
  t.match(await send(), { status: 500, json: { code: 'internal-error' } })
})

t.test('a defect during a rollback is an internal error', async (t) => {
  const { gateway } = await setUp(t, {})
  const failing = [{ name: 'a', ...value }, { name: 'b', ...value, kmsKeyId: 'alias/none' }]
  const send = async (): Promise<Reply> =>
    gateway.send('POST', '/environments/dev/secrets', { json: { secrets: failing, atomic: true, settings: { concurrency: 1 } } })
  const { aws } = gateway.fastify
  const { deleteSecret } = aws
  Object.assign(aws, { deleteSecret: async () => { throw new TypeError('canary') } })
  const { length } = gateway.trail()
  t.match(await send(), { status: 500, json: { code: 'internal-error' } })
  t.same(gateway.trail().slice(length).map(({ event }) => event), ['intent', 'outcome'], 'no outcome of a secret is recorded')
  Object.assign(aws, { deleteSecret: async () => { throw new Problem('aws-access-denied') } })
  await gateway.aws('AKIADEV').deleteSecret({ SecretId: 'dev/a', ForceDeleteWithoutRecovery: true })
  const { json: { items } } = await send()
  t.match(items, [
    { name: 'a', result: 'created', problem: { code: 'not-taken-back', detail: 'The rollback failed with aws-access-denied.' } },
    { name: 'b', result: 'failed', problem: { code: 'aws-refused' } }
  ], 'a failure of AWS is the outcome of one secret')
  Object.assign(aws, { deleteSecret })
})
