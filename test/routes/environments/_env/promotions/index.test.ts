import { paginateListSecrets } from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import { build, policies, tokens, type Gateway, type Reply, type RequestOptions } from '#test/helper'

const canary = 'canary-5d2b7a94'
const path = '/environments/prod/promotions'

const secret = (environment: string, name: string): string => `/environments/${environment}/secrets/${encodeURIComponent(name)}`
const put = async (gateway: Gateway, environment: string, name: string, value: string): Promise<string> =>
  (await gateway.send('PUT', secret(environment, name), { json: { value } })).json.versionId
const read = async (gateway: Gateway, environment: string, name: string): Promise<string> =>
  (await gateway.send('GET', secret(environment, name))).json.value
const promote = async (gateway: Gateway, json: object, options: RequestOptions = {}): Promise<Reply> => {
  if ('missing' in json) gateway.catchUp()
  return gateway.send('POST', path, { json: { from: 'dev', ...json }, ...options })
}

interface Item { name: string, result: string, problem?: { code: string } }
const results = ({ json }: Reply): Record<string, string> =>
  Object.fromEntries(json.items.map(({ name, result, problem }: Item) => [name, problem === undefined ? result : `${result}: ${problem.code}`]))

t.test('promoteSecrets copies between accounts', async (t) => {
  const gateway = await build(t)

  t.test('copies the value, the description, and all tags except the environment\'s and AWS\'s own', async (t) => {
    await gateway.send('POST', secret('dev', 'payments/db'), {
      json: { value: { password: canary }, description: 'The payments database', tags: { team: 'payments', environment: 'dev' } }
    })
    const reply = await promote(gateway, { names: ['payments/db'] })
    t.match(reply, { status: 200, json: { dryRun: false, from: 'dev', counts: { created: 1, failed: 0 }, items: [{ name: 'payments/db', result: 'created' }] } })
    t.equal(await read(gateway, 'prod', 'payments/db'), `{"password":"${canary}"}`)
    const metadata = (await gateway.send('GET', `${secret('prod', 'payments/db')}/metadata`)).json
    t.match(metadata, { description: 'The payments database', arn: /^arn:aws:secretsmanager:eu-west-1:222222222222:secret:production-secrets\/payments\/db-/ })
    t.same(metadata.tags, { team: 'payments', environment: 'prod' })
    const [{ arn, versionId, fromVersionId }] = reply.json.items
    t.equal(arn, metadata.arn)
    t.same(Object.keys(metadata.versions), [versionId])
    t.same(Object.keys((await gateway.send('GET', `${secret('dev', 'payments/db')}/metadata`)).json.versions), [fromVersionId])
  })

  t.test('copies a binary value', async (t) => {
    await gateway.send('PUT', secret('dev', 'binary'), { json: { value: 'AP8=', encoding: 'base64' } })
    t.same(results(await promote(gateway, { names: ['binary'] })), { binary: 'created' })
    t.match((await gateway.send('GET', secret('prod', 'binary'))).json, { value: 'AP8=', encoding: 'base64' })
  })

  t.test('discloses no value', async (t) => {
    await put(gateway, 'dev', 'shown', canary)
    for (const json of [{ names: ['shown'] }, { names: ['shown'] }, { names: ['shown'], onConflict: 'update' }, { missing: true, dryRun: true }]) {
      t.notMatch((await promote(gateway, json)).text, canary)
    }
    t.notMatch(gateway.log.join(''), canary)
  })
})

t.test('promoteSecrets returns a result for each secret', async (t) => {
  const gateway = await build(t)
  await put(gateway, 'dev', 'good', 'v')
  await put(gateway, 'dev', 'there', 'new')
  await put(gateway, 'prod', 'there', 'old')
  await put(gateway, 'dev', 'going', 'v')
  await gateway.send('DELETE', secret('dev', 'going'))
  await put(gateway, 'dev', 'gone', 'v')
  await put(gateway, 'prod', 'gone', 'v')
  await gateway.send('DELETE', secret('prod', 'gone'))
  await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: ['empty'] } })
  const names = ['none', 'gone', 'empty', 'there', 'going', 'good']

  t.test('in a dry run, which writes nothing', async (t) => {
    gateway.awsCalls.length = 0
    const reply = await promote(gateway, { names, dryRun: true })
    t.match(reply.json, { dryRun: true, counts: { created: 2, updated: 0, unchanged: 0, skipped: 0, failed: 4 } })
    t.same(results(reply), {
      none: 'failed: secret-not-found', gone: 'failed: secret-pending-deletion', empty: 'created',
      there: 'failed: secret-exists', going: 'failed: secret-pending-deletion', good: 'created'
    })
    t.same([...new Set(gateway.awsCalls)], ['DescribeSecret'])
  })

  t.test('with the environment of each problem', async (t) => {
    const { json } = await promote(gateway, { names: ['gone', 'going', 'none'] })
    const details = json.items.map(({ problem }: { problem: { detail: string } }) => problem.detail.startsWith('In the environment dev: '))
    t.same(details, [false, true, true])
  })

  t.test('for existing secrets, as onConflict specifies', async (t) => {
    t.same(results(await promote(gateway, { names: ['there', 'gone'], onConflict: 'skip' })), { there: 'skipped', gone: 'failed: secret-pending-deletion' })
    t.equal(await read(gateway, 'prod', 'there'), 'old')
    t.same(results(await promote(gateway, { names: ['there', 'good'], onConflict: 'update' })), { there: 'updated', good: 'created' })
    t.equal(await read(gateway, 'prod', 'there'), 'new')
    t.equal(await read(gateway, 'prod', 'good'), 'v')
    t.same(results(await promote(gateway, { names: ['there', 'good'], onConflict: 'update' })), { there: 'unchanged', good: 'unchanged' })
  })

  t.test('for missing secrets only, if requested', async (t) => {
    await put(gateway, 'dev', 'missing', 'm')
    await put(gateway, 'prod', 'only-in-prod', 'o')
    t.same(results(await promote(gateway, { missing: true, dryRun: true })), { empty: 'created', missing: 'created' })
    t.same(results(await promote(gateway, { missing: true })), { empty: 'created', missing: 'created' })
    t.same(results(await promote(gateway, { missing: true })), {})
    t.equal(await read(gateway, 'prod', 'missing'), 'm')
  })

  t.test('a placeholder is copied as a placeholder', async (t) => {
    t.equal((await gateway.send('GET', `${secret('prod', 'empty')}/metadata`)).json.state, 'placeholder')
    t.same(results(await promote(gateway, { names: ['empty'] })), { empty: 'failed: secret-exists' })
    t.same(results(await promote(gateway, { names: ['empty'], onConflict: 'update' })), { empty: 'unchanged' })
    await gateway.send('PATCH', secret('dev', 'empty'), { json: { description: 'waits' } })
    t.same(results(await promote(gateway, { names: ['empty'], onConflict: 'update' })), { empty: 'updated' })
    t.match((await gateway.send('GET', `${secret('prod', 'empty')}/metadata`)).json, { state: 'placeholder', description: 'waits' })
    await put(gateway, 'prod', 'valued', 'v')
    await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: ['valued', 'keyed'] } })
    t.same(results(await promote(gateway, { names: ['valued'], onConflict: 'update' })), { valued: 'failed: secret-has-no-value' }, 'a placeholder does not replace a value')
    const keyed = async (json: object = {}): Promise<unknown> => results(await gateway.send('POST', '/environments/prod/promotions', {
      json: { from: 'dev', names: ['keyed'], ...json }, headers: { 'idempotency-key': 'placeholder' }
    }))
    t.same(await keyed(), { keyed: 'created' })
    t.same(await keyed(), { keyed: 'created' })
    t.same(await keyed({ dryRun: true }), { keyed: 'failed: secret-exists' })
    await gateway.send('PATCH', secret('prod', 'keyed'), { json: { description: 'another' } })
    t.same(await keyed(), { keyed: 'failed: secret-exists' }, 'the existing placeholder differs from the one that the first run created')
  })

  t.test('an existing placeholder gets its first value', async (t) => {
    await gateway.send('POST', '/environments/prod/secrets', { json: { secretNames: ['waiting'] } })
    await gateway.send('POST', secret('dev', 'waiting'), { json: { value: 'w', description: 'd', tags: { team: 'x' } } })
    t.same(results(await promote(gateway, { names: ['waiting'] })), { waiting: 'failed: secret-exists' })
    t.same(results(await promote(gateway, { names: ['waiting'], onConflict: 'update' })), { waiting: 'updated' })
    t.equal(await read(gateway, 'prod', 'waiting'), 'w')
    t.match((await gateway.send('GET', `${secret('prod', 'waiting')}/metadata`)).json, { description: 'd', tags: { team: 'x', environment: 'prod' } })
  })

  t.test('a change of only the description and tags creates no version', async (t) => {
    await gateway.send('PATCH', secret('dev', 'waiting'), { json: { description: 'another' } })
    await gateway.send('PUT', `${secret('prod', 'waiting')}/tags`, { json: { own: 'stays', team: 'y' } })
    const before = (await gateway.send('GET', secret('prod', 'waiting'))).json.versionId
    const reply = await promote(gateway, { names: ['waiting'], onConflict: 'update' })
    t.match(reply.json.items, [{ result: 'updated', versionId: before }])
    const { description, tags, versions } = (await gateway.send('GET', `${secret('prod', 'waiting')}/metadata`)).json
    t.same({ description, tags }, { description: 'another', tags: { own: 'stays', team: 'x', environment: 'prod' } })
    t.same(Object.keys(versions), [before])
  })
})

t.test('promoteSecrets replaces only the expected version', async (t) => {
  const gateway = await build(t)
  await put(gateway, 'dev', 'a', 'new')
  const seen = await put(gateway, 'prod', 'a', 'old')
  const update = async (expectedVersionIds: object, more: object = {}): Promise<Reply> =>
    promote(gateway, { names: ['a', 'b'], onConflict: 'update', expectedVersionIds, ...more })

  t.match((await update({ a: seen }, { dryRun: true })).json.items, [{ name: 'a', result: 'updated', versionId: seen }, { name: 'b' }])
  const newer = await put(gateway, 'prod', 'a', 'newer')
  t.same(results(await update({ a: seen })), { a: 'failed: precondition-failed', b: 'failed: secret-not-found' })
  t.same(results(await update({ a: seen }, { dryRun: true })), { a: 'failed: precondition-failed', b: 'failed: secret-not-found' })
  t.equal(await read(gateway, 'prod', 'a'), 'newer')
  t.match((await update({ a: newer })).json.items, [{ name: 'a', result: 'updated' }, { name: 'b' }])
  t.equal(await read(gateway, 'prod', 'a'), 'new')
  await put(gateway, 'dev', 'b', 'v')
  t.same(results(await update({ b: newer })), { a: 'unchanged', b: 'failed: precondition-failed' }, 'a secret with an expected version is not created')
})

t.test('promoteSecrets can be sent again with the same Idempotency-Key', async (t) => {
  const gateway = await build(t)
  const headers = { 'idempotency-key': 'release-1' }
  const send = async (): Promise<Reply> => promote(gateway, { names: ['a', 'b', 'c'], onConflict: 'update' }, { headers })
  await put(gateway, 'dev', 'a', 'a1')
  await put(gateway, 'dev', 'b', 'b1')
  await put(gateway, 'prod', 'b', 'b0')
  await put(gateway, 'dev', 'c', 'c1')
  await put(gateway, 'prod', 'c', 'c1')

  const first = await send()
  t.same(results(first), { a: 'created', b: 'updated', c: 'unchanged' })
  const versions = async (name: string): Promise<string[]> =>
    (await gateway.send('GET', `${secret('prod', name)}/versions`)).json.items.map(({ versionId }: { versionId: string }) => versionId)
  const made = [await versions('a'), await versions('b'), await versions('c')]
  t.same((await send()).json, first.json, 'the reply is the same')
  t.same([await versions('a'), await versions('b'), await versions('c')], made, 'no further version is created')

  t.match(await promote(gateway, { names: ['a'] }, { headers }), { status: 422, json: { code: 'idempotency-mismatch' } })
  const strict = { headers: { 'idempotency-key': 'release-3' } }
  await put(gateway, 'dev', 'd', 'd1')
  t.same(results(await promote(gateway, { names: ['d'] }, strict)), { d: 'created' })
  t.same(results(await promote(gateway, { names: ['d'] }, strict)), { d: 'created' }, 'a secret that the same key created is not a conflict')
  t.same(results(await promote(gateway, { names: ['d'] })), { d: 'failed: secret-exists' })

  await put(gateway, 'prod', 'b', 'written since')
  t.match((await send()).json.items[1], { name: 'b', result: 'updated' })
  t.equal(await read(gateway, 'prod', 'b'), 'written since', 'a late retry does not overwrite the later value')
})

t.test('promoteSecrets requires PromoteSecret in both environments', async (t) => {
  /**
   * Returns a policy that permits the reader these actions on these environments and on their secrets. `name` is a pattern for
   * the names of these secrets; by default, it matches all names.
   */
  const allow = (actions: readonly string[], environments: readonly string[], name = '*'): string => `permit (
    principal == Caller::"reader", action in [${actions.map((action) => `Action::"${action}"`).join()}], resource
  ) when { ${JSON.stringify(environments)}.contains(resource.environment) && (!(resource is Secret) || resource.name like "${name}") };`
  const mayPromote = (...environments: string[]): string => allow(['DescribeEnvironment', 'PromoteSecret'], environments)
  const buildWith = async (...texts: string[]): Promise<Gateway> => {
    const gateway = await build(t, { authorization: policies(
      ['permit (principal == Caller::"administrator", action, resource);', ...texts].map((text, index) => `@id("policy-${index}") ${text}`).join('\n')
    ) })
    await put(gateway, 'dev', 'a', canary)
    await put(gateway, 'prod', 'a', canary)
    await put(gateway, 'dev', 'b', canary)
    return gateway
  }
  const token = tokens.reader

  t.test('it is sufficient, and does not permit reading values', async (t) => {
    const gateway = await buildWith(mayPromote('dev', 'prod'))
    t.same(results(await promote(gateway, { names: ['b'] }, { token })), { b: 'created' })
    t.equal((await gateway.send('GET', secret('prod', 'b'), { token })).status, 403)
    t.same(results(await promote(gateway, { missing: true }, { token })), {})
  })

  t.test('one environment alone is not sufficient', async (t) => {
    const gateway = await buildWith(mayPromote('prod'), allow(['DescribeEnvironment', 'GetSecretValue'], ['dev']))
    gateway.awsCalls.length = 0
    t.match(await promote(gateway, { names: ['a'] }, { token }), { status: 403, json: { code: 'forbidden' } })
    const backwards = await gateway.send('POST', '/environments/dev/promotions', { json: { from: 'prod', names: ['a'] }, token })
    t.match(backwards, { status: 403, json: { code: 'forbidden' } })
    t.match(await promote(gateway, { names: ['a'], from: 'staging' }, { token }), { status: 404, json: { code: 'not-found' } })
    t.match(await promote(gateway, { names: ['a'], from: 'none' }, { token }), { status: 404, json: { code: 'not-found' } })
    t.same(gateway.awsCalls, [])
  })

  t.test('it is required for each secret: secrets without it fail, and do not count as missing', async (t) => {
    const gateway = await buildWith(mayPromote('dev'), allow(['DescribeEnvironment', 'PromoteSecret'], ['prod'], 'c*'))
    await put(gateway, 'dev', 'c', canary)
    t.same(results(await promote(gateway, { names: ['b', 'c'], dryRun: true }, { token })), { b: 'failed: forbidden', c: 'created' })
    t.same(results(await promote(gateway, { missing: true }, { token })), { c: 'created' })
  })

  t.test('callers without CompareValues do not learn whether the value was the same', async (t) => {
    const gateway = await buildWith(mayPromote('dev', 'prod'))
    t.same(results(await promote(gateway, { names: ['a'], onConflict: 'update', dryRun: true }, { token })), { a: 'updated' })
    t.same(results(await promote(gateway, { names: ['a'], onConflict: 'update', dryRun: true })), { a: 'unchanged' })
    const before = (await gateway.send('GET', secret('prod', 'a'))).json.versionId
    t.same(results(await promote(gateway, { names: ['a'], onConflict: 'update' }, { token })), { a: 'updated' })
    t.not((await gateway.send('GET', secret('prod', 'a'))).json.versionId, before)
  })
})

t.test('promoteSecrets starts no further secret once the gateway shuts down', async (t) => {
  const gateway = await build(t)
  const secrets = Array.from({ length: 60 }, (_, index) => ({ name: `n${index}`, value: 'v' }))
  await gateway.send('POST', '/environments/dev/secrets', { json: { secrets } })
  const other = gateway.aws('AKIAPROD')
  let ended: Promise<unknown> | undefined
  let made = 0
  gateway.awsCalls.push = (operation) => {
    if (operation === 'CreateSecret' && ++made === 10) ended = gateway.fastify.close()
    return made
  }
  const { status, json } = await promote(gateway, { missing: true })
  gateway.fastify.server.closeIdleConnections()
  await ended
  t.equal(status, 200)
  const { created, notStarted } = json.counts as { created: number, notStarted: number }
  t.ok(created >= 10 && notStarted > 0, `${created} created`)
  t.equal(created + notStarted, 60)
  // AWS may return short or empty pages.
  let found = 0
  for await (const { SecretList = [] } of paginateListSecrets({ client: other }, {})) found += SecretList.length
  t.equal(found, created, 'the reply was correct')
})

t.test('promoteSecrets records each secret in both environments', async (t) => {
  const gateway = await build(t)
  const fromVersionId = await put(gateway, 'dev', 'a', canary)
  const before = gateway.trail().length
  const { json } = await promote(gateway, { names: ['a', 'none'] })
  const decision = { allowed: true, policies: ['administrators'] }
  const item = { event: 'item', operation: 'promoteSecrets', action: 'PromoteSecret', decision }
  t.match(gateway.trail().slice(before), [
    { event: 'intent', environment: 'prod', credential: 'prod-account', decision },
    { ...item, name: 'a', environment: 'dev', credential: 'dev-account', result: 'copied', versionId: fromVersionId },
    { ...item, name: 'a', environment: 'prod', credential: 'prod-account', result: 'created', versionId: json.items[0].versionId },
    { ...item, name: 'none', environment: 'prod', result: 'failed', status: 404, code: 'secret-not-found' },
    { event: 'outcome', environment: 'prod', status: 200, items: 3, decisions: [{ environment: 'dev', action: 'PromoteSecret', ...decision }] }
  ])
  await promote(gateway, { names: ['a'], onConflict: 'skip', dryRun: true })
  t.match(gateway.trail().slice(-2), [{ ...item, name: 'a', environment: 'prod', result: 'planned' }, { event: 'outcome', items: 1 }])
})

t.test('promoteSecrets records what it read, even if it then fails or is a dry run', async (t) => {
  const gateway = await build(t)
  await put(gateway, 'dev', 'a', 'v')
  await put(gateway, 'prod', 'a', 'v')
  await promote(gateway, { names: ['a'], onConflict: 'update', dryRun: true })
  t.match(gateway.trail().slice(-3), [
    { event: 'item', environment: 'dev', name: 'a', action: 'CompareValues', result: 'compared' },
    { event: 'item', environment: 'prod', name: 'a', result: 'planned' },
    { event: 'outcome', items: 2 }
  ])
  const tags = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`t${index}`, 'x']))
  await gateway.send('POST', '/environments/dev/secrets/tagged', { json: { value: 'v', tags } })
  t.match(results(await promote(gateway, { names: ['tagged'] })), { tagged: /^failed/ })
  t.match(gateway.trail().slice(-3), [
    { event: 'item', environment: 'dev', name: 'tagged', result: 'read' },
    { event: 'item', environment: 'prod', name: 'tagged', result: 'failed' },
    { event: 'outcome', items: 2 }
  ])
})

t.test('promoteSecrets never shares a client request token with another kind of write, because callers could then check guesses', async (t) => {
  const gateway = await build(t)
  await put(gateway, 'dev', 'a', 'copied')
  const headers = { 'idempotency-key': 'k' }
  const { json } = await gateway.send('POST', '/environments/prod/promotions', { json: { from: 'dev', names: ['a'] }, headers })
  t.match(json, { counts: { created: 1 } })
  const guesses = []
  for (const value of ['wrong', 'copied']) guesses.push((await gateway.send('PUT', secret('prod', 'a'), { json: { value }, headers: { 'idempotency-key': 'k', 'if-match': '*' } })).status)
  t.same(guesses, [200, 409], 'the second guess conflicts with the first one, not with the copied value')
})

t.test('promoteSecrets writes even if the existing value cannot be read', async (t) => {
  const gateway = await build(t)
  await put(gateway, 'dev', 'a', 'same')
  await put(gateway, 'prod', 'a', 'same')
  const ResourcePolicy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Principal: { AWS: 'arn:aws:iam::222222222222:root' }, Action: 'secretsmanager:GetSecretValue', Resource: '*' }]
  })
  await gateway.aws('AKIAPROD').putResourcePolicy({ SecretId: 'production-secrets/a', ResourcePolicy })
  t.same(results(await promote(gateway, { names: ['a'], onConflict: 'update' })), { a: 'updated' })
})

t.test('promoteSecrets refuses an invalid promotion', async (t) => {
  const gateway = await build(t)
  gateway.awsCalls.length = 0
  for (const json of [
    { names: undefined }, { names: [] }, { names: ['a', 'a'] }, { names: ['../a'] }, { names: 'a' }, { names: ['a'], missing: true }, { missing: false },
    { missing: true, onConflict: 'skip' }, { names: ['a'], onConflict: 'replace' }, { names: ['a'], force: true }, { names: ['a'], from: 'prod' },
    { names: ['a'], from: 'Dev' }, { names: ['a'], expectedVersionIds: { a: 'x'.repeat(32) } }, { names: ['n'.repeat(500)] },
    { names: ['a'], onConflict: 'update', expectedVersionIds: { b: 'x'.repeat(32) } },
    { names: ['a'], onConflict: 'update', expectedVersionIds: { a: 'short' } }
  ]) t.match(await promote(gateway, json), { status: 400, json: { code: 'invalid-request', errors: [{ in: 'body' }] } }, JSON.stringify(json))
  t.same(gateway.awsCalls, [])
  t.match(await promote(gateway, { names: ['a'], from: 'prod' }), { json: { errors: [{ pointer: '/from' }] } })
  t.match(await promote(gateway, { names: ['b', 'n'.repeat(500)] }), { json: { errors: [{ pointer: '/names/1' }] } })
  const pointersOf = async (json: object): Promise<string[]> => (await promote(gateway, json)).json.errors.map(({ pointer }: { pointer: string }) => pointer)
  t.same(await pointersOf({ names: ['a'], onConflict: 'bogus' }), ['/onConflict'], 'no other errors')
  t.same(await pointersOf({ names: ['a'], missing: true, onConflict: 'skip' }), ['/names', '/onConflict'])
  t.same(await pointersOf({}), [''])
})
