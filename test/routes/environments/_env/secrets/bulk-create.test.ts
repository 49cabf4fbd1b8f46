import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { proxyWithFaults, refusal } from '#test/faults'
import { build, policies as policiesOf, tokens, type Gateway, type Reply, type RequestOptions } from '#test/helper'
import { until } from '#test/until'

const path = '/environments/dev/secrets'

const bulk = async (gateway: Gateway, json: object, options: RequestOptions = {}): Promise<Reply> =>
  gateway.send('POST', path, { json, ...options })

const sum = (one: number, other: number): number => one + other

const keyed = (key: string): RequestOptions => ({ headers: { 'idempotency-key': key } })

const results = ({ json }: Reply): Record<string, string> =>
  Object.fromEntries(json.items.map(({ name, result, problem }: { name: string, result: string, problem?: { code: string } }) =>
    [name, problem === undefined ? result : `${result}: ${problem.code}`]))

const versions = ({ json }: Reply): unknown[] => json.items.map(({ versionId }: { versionId?: string }) => versionId)

t.test('bulkCreateSecrets', async (t) => {
  t.test('creates secrets with given values, generated values and no value', async (t) => {
    const gateway = await build(t)
    const reply = await bulk(gateway, {
      secretNames: ['database-password', 'api-key'],
      secrets: [
        { name: 'payments/db', value: { engine: 'postgres' }, tags: { team: 'payments' }, description: 'd', kmsKeyId: 'alias/k' },
        { name: 'binary', value: 'AP8=', encoding: 'base64' },
        { name: 'session-key', generate: { passwordLength: 48, excludePunctuation: true } }
      ]
    })
    t.equal(reply.status, 201)
    t.same(reply.json.items.map(({ name }: { name: string }) => name), ['payments/db', 'binary', 'session-key', 'database-password', 'api-key'])
    t.same(reply.json.counts, { created: 5, updated: 0, skipped: 0, restored: 0, failed: 0, rolledBack: 0, notStarted: 0 })
    t.match(reply.json.secretArnMap['payments/db'], /:secret:dev\/payments\/db-\w{6}$/)
    t.equal(Object.keys(reply.json.secretArnMap).length, 5)
    t.equal((await gateway.send('GET', `${path}/payments%2Fdb`)).json.value, '{"engine":"postgres"}')
    t.match((await gateway.send('GET', `${path}/payments%2Fdb/metadata`)).json, { description: 'd', kmsKeyId: 'alias/k', tags: { team: 'payments' } })
    t.match((await gateway.send('GET', `${path}/session-key`)).json.value, /^[A-Za-z0-9]{48}$/)
    t.match(await gateway.send('GET', `${path}/api-key`), { status: 409, json: { code: 'secret-has-no-value' } })
  })

  t.test('fails, skips or updates existing secrets, and lists all conflicts', async (t) => {
    const gateway = await build(t)
    const secrets = [{ name: 'a', value: 'v1' }, { name: 'b', value: 'v1' }, { name: 'g', generate: {} }]
    await bulk(gateway, { secrets, secretNames: ['p', 'q'] })
    const generated = (await gateway.send('GET', `${path}/g`)).json.value

    const failed = await bulk(gateway, { secrets: [...secrets, { name: 'new', value: 'v' }], secretNames: ['p'] })
    t.equal(failed.status, 200)
    t.same(results(failed), { a: 'failed: secret-exists', b: 'failed: secret-exists', g: 'failed: secret-exists', new: 'created', p: 'failed: secret-exists' })

    const skipped = await bulk(gateway, { secrets: [{ name: 'a', value: 'v2' }], secretNames: ['p'], onConflict: 'skip' })
    t.same(results(skipped), { a: 'skipped', p: 'skipped' })
    t.match(skipped.json.secretArnMap.a, /^arn:/)
    t.equal((await gateway.send('GET', `${path}/a`)).json.value, 'v1')

    const updated = await bulk(gateway, {
      secrets: [
        { name: 'a', value: 'v2', description: 'd', tags: { x: 'y' } },
        { name: 'b', tags: { x: 'y' } },
        { name: 'g', generate: {} },
        { name: 'p', generate: { passwordLength: 9 } }
      ],
      secretNames: ['q'],
      onConflict: 'update'
    })
    t.same(results(updated), { a: 'updated', b: 'updated', g: 'skipped', p: 'updated', q: 'skipped' })
    t.match((await gateway.send('GET', `${path}/a`)).json, { value: 'v2' })
    t.match((await gateway.send('GET', `${path}/a/metadata`)).json, { description: 'd', tags: { x: 'y' } })
    t.match((await gateway.send('GET', `${path}/b`)).json, { value: 'v1' })
    t.equal((await gateway.send('GET', `${path}/g`)).json.value, generated, 'a value is generated only once')
    t.equal((await gateway.send('GET', `${path}/p`)).json.value.length, 9, 'a placeholder gets its first value')
  })

  t.test('restores a secret that is scheduled for deletion only on request', async (t) => {
    const gateway = await build(t)
    for (const name of ['a', 'b']) {
      await gateway.send('PUT', `${path}/${name}`, { json: { value: 'v1' } })
      await gateway.send('DELETE', `${path}/${name}`)
    }
    t.same(results(await bulk(gateway, { secretNames: ['a'], onConflict: 'skip' })), { a: 'failed: secret-pending-deletion' })
    t.same(results(await bulk(gateway, { secretNames: ['a'], restore: true })), { a: 'restored' })
    t.equal((await gateway.send('GET', `${path}/a`)).json.value, 'v1')
    for (const [onConflict, expected, warned] of [['skip', 'v1', true], ['fail', 'v1', true], ['update', 'v-update', false]]) {
      await gateway.send('DELETE', `${path}/b`)
      const restored = await bulk(gateway, { secrets: [{ name: 'b', value: `v-${onConflict}` }], restore: true, onConflict })
      t.same(results(restored), { b: 'restored' })
      t.equal((await gateway.send('GET', `${path}/b`)).json.value, expected, 'the item\'s value is written only with update')
      t.equal(restored.json.items[0].warnings !== undefined, warned)
    }
  })

  t.test('returns the plan of a dry run and writes nothing', async (t) => {
    const gateway = await build(t)
    await bulk(gateway, { secrets: [{ name: 'a', value: 'v' }, { name: 'deleted', value: 'v' }] })
    await gateway.send('DELETE', `${path}/deleted`)
    gateway.awsCalls.length = 0
    const json = { secrets: [{ name: 'a', value: 'w' }, { name: 'new', generate: {} }], secretNames: ['deleted'], dryRun: true }
    for (const [options, expected] of [
      [{}, { a: 'failed: secret-exists', new: 'created', deleted: 'failed: secret-pending-deletion' }],
      [{ onConflict: 'skip' }, { a: 'skipped', new: 'created', deleted: 'failed: secret-pending-deletion' }],
      [{ onConflict: 'update', restore: true }, { a: 'updated', new: 'created', deleted: 'restored' }]
    ] as const) {
      const reply = await bulk(gateway, { ...json, ...options })
      t.equal(reply.status, 200)
      t.equal(reply.json.dryRun, true)
      t.same(results(reply), expected)
    }
    t.same([...new Set(gateway.awsCalls)], ['DescribeSecret', 'GetSecretValue'])
  })

  t.test('authorizes each item', async (t) => {
    const gateway = await build(t)
    await bulk(gateway, { secrets: [{ name: 'a', value: 'v' }, { name: 'gone', value: 'v' }] })
    await gateway.send('DELETE', `${path}/gone`)
    const secrets = [{ name: 'a', value: 'w' }, { name: 'b', value: 'w' }, { name: 'gone', value: 'w' }]
    const updated = await bulk(gateway, { secrets, onConflict: 'update', restore: true }, { token: tokens.pipeline })
    t.same(results(updated), { a: 'failed: forbidden', b: 'created', gone: 'failed: forbidden' })
    const tagged = await bulk(gateway, { secrets: [{ name: 'a', tags: { x: 'y' } }], onConflict: 'update' }, { token: tokens.pipeline })
    t.same(results(tagged), { a: 'failed: forbidden' })
  })

  t.test('reports all errors together, before AWS is called', async (t) => {
    const gateway = await build(t)
    const pointers = async (json: object, env = 'dev'): Promise<string[]> => {
      const reply = await gateway.send('POST', `/environments/${env}/secrets`, { json })
      t.equal(reply.status, 400)
      return reply.json.errors.map(({ pointer }: { pointer: string }) => pointer)
    }
    t.same(await pointers({}), [''])
    t.same(await pointers({ secrets: [], secretNames: [] }), [''])
    t.same(await pointers({ secretNames: ['a', 'b', 'a'], secrets: [{ name: 'b' }] }), ['/secretNames/1', '/secretNames/2'])
    t.same(await pointers({
      secrets: [
        { name: 'a', value: 'v', generate: {} },
        { name: 'b', value: '' },
        { name: 'c', encoding: 'base64' },
        { name: 'd', value: { a: 1 }, encoding: 'base64' },
        { name: 'e', value: '====', encoding: 'base64' }
      ]
    }), ['/secrets/0/generate', '/secrets/1/value', '/secrets/2/encoding', '/secrets/3/value', '/secrets/4/value'])
    t.same(await pointers({ secrets: [{ name: 'a', tags: { environment: 'dev' } }], secretNames: ['n'.repeat(500)] }, 'prod'), ['/secrets/0/tags', '/secretNames/0'])
    t.same(await pointers({ secrets: [{ name: '../a' }, { value: 'v' }, { name: 'c', x: 1 }] }), ['/secrets/0/name', '/secrets/1/name', '/secrets/2/x'])
    t.same(await pointers({ secretNames: Array.from({ length: 6_000 }, (_, index) => `a${index}`), secrets: Array.from({ length: 4_001 }, (_, index) => ({ name: `b${index}` })) }), [''])
    t.same(gateway.awsCalls, [])
  })

  t.test('uses the credential that the body names', async (t) => {
    const gateway = await build(t)
    const named = await bulk(gateway, { awsCredentialId: 'unknown-to-aws', secretNames: ['a'] })
    t.same(results(named), { a: 'failed: credential-invalid' })
    t.equal((await bulk(gateway, { awsCredentialId: 'dev-account', secretNames: ['a'] })).status, 201)
    t.match(await bulk(gateway, { awsCredentialId: 'prod-account', secretNames: ['b'] }), { status: 403, json: { code: 'forbidden' } })
    const both = await gateway.send('POST', path, {
      json: { awsCredentialId: 'dev-account', secretNames: ['c'] },
      headers: { 'aws-credential-id': 'unknown-to-aws' }
    })
    t.match(both, { status: 400, json: { errors: [{ pointer: '/awsCredentialId' }] } })
  })

  t.test('of 1,000 secrets creates 1,000, and then skips 1,000', async (t) => {
    const gateway = await build(t)
    const secrets = Array.from({ length: 1_000 }, (_, index) => ({ name: `service-${index}/key`, value: `v${index}` }))
    t.match((await bulk(gateway, { secrets })), { status: 201, json: { counts: { created: 1_000, failed: 0 } } })
    t.match((await bulk(gateway, { secrets, onConflict: 'skip' })), { status: 200, json: { counts: { skipped: 1_000, failed: 0 } } })
  })
})

t.test('checks each value against its type, and reports all errors together', async (t) => {
  const gateway = await build(t)
  const good = { engine: 'postgres', host: 'db', username: 'app', password: 'p' }
  const fits: Record<string, object> = {
    rds: { type: 'rds', value: { ...good, port: 5432, dbname: 'd', dbInstanceIdentifier: 'i', extra: [1] } },
    oracle: { type: 'rds', value: { ...good, engine: 'oracle', dbname: 'd', port: '1521' } },
    db2: { type: 'rds', value: { ...good, engine: 'db2', masterarn: 'arn:aws:secretsmanager:eu-west-1:1:secret:a' } },
    text: { type: 'rds', value: JSON.stringify(good) },
    documentdb: { type: 'documentdb', value: { ...good, engine: 'mongo', ssl: true } },
    redshift: { type: 'redshift', value: { ...good, engine: 'redshift', namespaceName: 'n' } },
    database: { type: 'database', value: { ...good, engine: 'cassandra' } },
    'key-value': { type: 'key-value', value: { a: 'b', c: '' } },
    plain: { type: 'text', value: 'v' },
    generated: { type: 'text', generate: {} },
    binary: { type: 'binary', value: 'AP8=', encoding: 'base64' }
  }
  const made = await bulk(gateway, { secrets: Object.entries(fits).map(([name, item]) => ({ name, ...item })) })
  t.equal(made.status, 201, made.text)

  const wrong: [object, string[]][] = [
    [{ type: 'rds', value: {} }, ['value/engine', 'value/host', 'value/username', 'value/password']],
    [{ type: 'rds', value: { ...good, engine: 'mongo', port: 65_536, ssl: 1, password: '' } }, ['value/password', 'value/port', 'value/ssl', 'value/engine']],
    [{ type: 'rds', value: { ...good, engine: 'oracle' } }, ['value/dbname']],
    [{ type: 'rds', value: { ...good, engine: 'db2', masterarn: 'x' } }, ['value/masterarn']],
    [{ type: 'rds', value: 'no JSON' }, ['value']],
    [{ type: 'rds', value: '[]' }, ['value']],
    [{ type: 'database', value: 'AP8=', encoding: 'base64' }, ['value']],
    [{ type: 'documentdb', value: good }, ['value/engine']],
    [{ type: 'key-value', value: { a: 1, 'b/~c': { d: 'e' } } }, ['value/a', 'value/b~1~0c']],
    [{ type: 'text', value: { a: 'b' } }, ['value']],
    [{ type: 'text', value: 'AP8=', encoding: 'base64' }, ['encoding']],
    [{ type: 'binary', value: 'v' }, ['encoding']],
    [{ type: 'rds' }, ['type']],
    [{ type: 'rds', generate: {} }, ['type']]
  ]
  const refused = await bulk(gateway, { secrets: wrong.map(([item], index) => ({ name: `n${index}`, ...item })) })
  t.equal(refused.status, 400)
  t.same(refused.json.errors.map(({ pointer }: { pointer: string }) => pointer),
    wrong.flatMap(([, members], index) => members.map((member) => `/secrets/${index}/${member}`)))
  t.notMatch(refused.text, /no JSON|AP8/)

  const one = await gateway.send('POST', `${path}/single`, { json: { type: 'rds', value: { ...good, port: 0 } } })
  t.match(one, { status: 400, json: { errors: [{ in: 'body', pointer: '/value/port' }] } }, 'also when a single secret is created')
  t.equal((await gateway.send('POST', `${path}/single`, { json: { type: 'rds', value: good } })).status, 201)
})

t.test('a retry with the same Idempotency-Key and body ends in the same state, with the same reply', async (t) => {
  const gateway = await build(t)
  const json = {
    secrets: [{ name: 'value', value: 'v' }, { name: 'generated', generate: {} }, { name: 'tagged', tags: { a: 'b' }, description: 'd' }],
    secretNames: ['placeholder']
  }
  const first = await bulk(gateway, json, keyed('k'))
  const value = (await gateway.send('GET', `${path}/generated`)).json.value
  const again = await bulk(gateway, { ...json }, keyed('k'))
  t.equal(first.status, 201)
  t.equal(again.status, 201)
  t.same(again.json, first.json)
  t.equal((await gateway.send('GET', `${path}/generated`)).json.value, value)
  for (const name of ['value', 'generated']) {
    t.equal((await gateway.send('GET', `${path}/${name}/versions?includeDeprecated=true`)).json.items.length, 1)
  }

  t.test('even if it changes existing secrets', async (t) => {
    await gateway.send('PUT', `${path}/old`, { json: { value: 'v1' } })
    await gateway.send('DELETE', `${path}/old`)
    const json = {
      secrets: [{ name: 'value', value: 'v2', tags: { x: 'y' } }, { name: 'placeholder', generate: {} }, { name: 'old', value: 'v2' }],
      onConflict: 'update',
      restore: true
    }
    const first = await bulk(gateway, json, keyed('update'))
    t.same(results(first), { value: 'updated', placeholder: 'updated', old: 'restored' })
    const again = await bulk(gateway, json, keyed('update'))
    t.same(results(again), { value: 'updated', placeholder: 'updated', old: 'updated' })
    t.same(versions(again), versions(first))
    t.equal((await gateway.send('GET', `${path}/old`)).json.value, 'v2')
    for (const [name, count] of [['value', 2], ['placeholder', 1], ['old', 2]] as const) {
      t.equal((await gateway.send('GET', `${path}/${name}/versions?includeDeprecated=true`)).json.items.length, count)
    }

    for (const value of ['v3', 'v4']) await gateway.send('PUT', `${path}/value`, { json: { value } })
    const late = await bulk(gateway, json, keyed('update'))
    t.match(results(late), { value: 'failed: idempotency-key-spent' }, 'it is not reported as done')
    t.equal((await gateway.send('GET', `${path}/value`)).json.value, 'v4', 'the later value stays')
  })

  t.test('is refused with another body', async (t) => {
    const other = await bulk(gateway, { secretNames: ['other'] }, keyed('k'))
    t.match(other, { status: 422, json: { code: 'idempotency-mismatch' } })
    t.equal((await bulk(gateway, { secrets: json.secrets.map((item) => Object.fromEntries(Object.entries(item).reverse())), secretNames: json.secretNames }, keyed('k'))).status, 201, 'the order of members does not matter')
    t.equal((await bulk(gateway, { secretNames: ['other'] }, { ...keyed('k'), token: tokens.pipeline })).status, 201, 'keys are separate for each caller')
    t.equal((await bulk(gateway, { secretNames: ['another'], dryRun: true }, keyed('plan'))).status, 200)
    t.equal((await bulk(gateway, { secretNames: ['another'] }, keyed('plan'))).status, 201, 'a dry run does not use up the key')
  })

  t.test('is authorized with the caller\'s current rights', async (t) => {
    const json = { secrets: [{ name: 'described', description: 'by the pipeline' }], onConflict: 'update' }
    await bulk(gateway, { secretNames: ['described'] })
    t.same(results(await bulk(gateway, { secrets: [{ name: 'described', value: 'v', description: 'by the pipeline' }], onConflict: 'update' }, keyed('rights'))), { described: 'updated' })
    const { policies } = policiesOf('@id("all") permit (principal, action, resource); @id("not") forbid (principal, action == Action::"UpdateSecret", resource);')
    const { current } = gateway.fastify.config
    gateway.fastify.config.replace({ ...current, policies })
    t.same(results(await bulk(gateway, { secrets: [{ name: 'described', value: 'v', description: 'by the pipeline' }], onConflict: 'update' }, keyed('rights'))), { described: 'failed: forbidden' })
    t.same(results(await bulk(gateway, json)), { described: 'failed: forbidden' })

    const noValues = policiesOf('@id("all") permit (principal, action, resource); @id("not") forbid (principal, action == Action::"PutSecretValue", resource);')
    gateway.fastify.config.replace({ ...current, policies: noValues.policies })
    for (const key of [keyed('rights'), {}]) {
      t.same(results(await bulk(gateway, { secrets: [{ name: 'described', value: 'v', description: 'by the pipeline' }], onConflict: 'update' }, key)), { described: 'failed: forbidden' })
    }
    t.same(results(await bulk(gateway, { secrets: [{ name: 'described', description: 'of the details alone' }], onConflict: 'update' })), { described: 'updated' })
    gateway.fastify.config.replace(current)
  })

  t.test('AWS refuses another value even if this process does not know the first request', async (t) => {
    const replica = await build(t)
    await bulk(replica, { secrets: [{ name: 'a', value: 'v' }, { name: 'u' }] }, keyed('k'))
    await bulk(replica, { secrets: [{ name: 'u', value: 'v' }], onConflict: 'update' }, keyed('u'))
    for (let count = 0; count < 10_001; count++) await replica.fastify.idempotencyKeys.check({ callerId: 'c', environment: { name: 'e' }, credentialId: 'i', idempotencyKey: String(count) } as never, {})
    t.same(results(await bulk(replica, { secrets: [{ name: 'a', value: 'w' }] }, keyed('k'))), { a: 'failed: idempotency-conflict' })
    t.same(results(await bulk(replica, { secrets: [{ name: 'u', value: 'w' }], onConflict: 'update' }, keyed('u'))), { u: 'failed: idempotency-conflict' })
  })
})

t.test('one key of an object can be generated', async (t) => {
  const gateway = await build(t)
  const value = async (name: string): Promise<string> => (await gateway.send('GET', `${path}/${name}`)).json.value as string
  const members = { engine: 'postgres', host: 'h', username: 'u' }
  const generate = { into: 'password', passwordLength: 40, excludePunctuation: true }
  const secrets = [
    { name: 'db', type: 'rds', value: { ...members, port: 5432 }, generate },
    { name: 'flat', type: 'key-value', value: { user: 'u' }, generate: { into: 'a/b ~"' } },
    { name: 'alone', generate: { into: 'token' } }
  ]
  const headers = { 'idempotency-key': 'one' }
  t.match(await bulk(gateway, { secrets }, { headers }), { status: 201 })
  const { password, ...rest } = JSON.parse(await value('db'))
  t.match(password, /^[A-Za-z0-9]{40}$/)
  t.same(rest, { ...members, port: 5432 })
  t.same(Object.keys(JSON.parse(await value('flat'))), ['user', 'a/b ~"'])
  t.match(await value('alone'), /^\{"token":".{32,}"\}$/)

  const before = await value('db')
  t.match(await bulk(gateway, { secrets }, { headers }), { status: 201 }, 'the request is repeated')
  t.equal(await value('db'), before, 'the key is generated only once')
  t.equal((await gateway.send('GET', `${path}/db/versions`)).json.items.length, 1)
  const changed = await bulk(gateway, { secrets: [{ name: 'db', value: { other: 1 }, generate }], onConflict: 'update' })
  t.match(changed.json, { counts: { skipped: 1 } })
  t.equal(await value('db'), before, 'a secret that has a value keeps it as a whole')

  await gateway.send('POST', `${path}/placeholder`, { json: {} })
  const filling = { secrets: [{ name: 'placeholder', value: {}, generate: { into: 'k' } }, { name: 'new', generate: { into: 'k' } }], onConflict: 'update', atomic: true }
  t.match((await bulk(gateway, filling, { headers: { 'idempotency-key': 'two' } })).json, { counts: { updated: 1, created: 1 } })
  const filled = await value('placeholder')
  t.match(filled, /^\{"k":"/)
  t.match(await bulk(gateway, filling, { headers: { 'idempotency-key': 'two' } }), { status: 200 })
  t.equal(await value('placeholder'), filled)
  t.equal((await gateway.send('GET', `${path}/placeholder/versions`)).json.items.length, 1)

  const exact = await gateway.send('POST', path, {
    headers: { 'content-type': 'application/json' }, body: '{"secrets":[{"name":"exact","value":{"v":1.10},"generate":{"into":"k"}}]}'
  })
  t.equal(exact.status, 201)
  t.match(await value('exact'), /^\{"v":1\.10,"k":"/, 'the other keys keep the text of their numbers')

  const wrong: [object, string[]][] = [
    [{ value: { password: 'canary' }, generate }, ['generate/into']],
    [{ value: 'canary', generate }, ['value']],
    [{ value: '{"a":"canary"}', generate }, ['value']],
    [{ value: { a: 'canary' }, encoding: 'base64', generate }, ['value']],
    [{ value: { a: 'canary' }, generate: { passwordLength: 40 } }, ['generate']],
    [{ generate: { into: '__proto__' } }, ['generate/into']],
    [{ type: 'text', value: {}, generate }, ['value']],
    [{ type: 'rds', value: { engine: 'postgres', host: 'h' }, generate }, ['value/username']],
    [{ type: 'rds', value: { ...members, password: 'canary' }, generate: { into: 'port' } }, ['value/port']],
    [{ type: 'key-value', value: { a: { b: 'canary' } }, generate }, ['value/a']],
    [{ value: { a: 'v'.repeat(65_536 - '{"a":"","password":""}'.length - 2 * 40 + 1) }, generate }, ['value']]
  ]
  const refused = await bulk(gateway, { secrets: wrong.map(([item], index) => ({ name: `n${index}`, ...item })) })
  t.equal(refused.status, 400)
  t.same(refused.json.errors.map(({ pointer }: { pointer: string }) => pointer),
    wrong.flatMap(([, members], index) => members.map((member) => `/secrets/${index}/${member}`)))
  t.notMatch(refused.text, 'canary')
  const longest = { a: 'v'.repeat(65_536 - '{"a":"","password":""}'.length - 2 * 40) }
  t.match(await bulk(gateway, { secrets: [{ name: 'longest', value: longest, generate: { into: 'password', passwordLength: 40 } }] }), { status: 201 })
})

t.test('schema errors do not hide other errors', async (t) => {
  const gateway = await build(t)
  const secretNames = ['good', 'twice', 'bad name', 'twice', 7]
  const secrets = [
    { name: 'twice', value: 'v' },
    { name: '/x', type: 'rds', value: {} },
    { name: 'of-no-kind', type: 'vault', value: 'canary', generate: {} },
    { name: 'stray', colour: 'red', value: 'AP8=', encoding: 'base64', type: 'text' },
    { value: 'canary' },
    { name: 'twice', value: null, encoding: 'base64', type: 'key-value' },
    'canary',
    { name: 'tagged', tags: { 'AWS:x': 'y' } },
    { name: 'generated', type: 'text', generate: { passwordLength: 'x' } },
    { name: 'twice', value: null, tags: { 'aws:x': 'y' } }
  ]
  const refused = await bulk(gateway, { secrets, secretNames })
  t.equal(refused.status, 400)
  t.same(refused.json.errors.map(({ pointer }: { pointer: string }) => pointer).sort(), [
    '/secretNames/1', '/secretNames/2', '/secretNames/3', '/secretNames/4',
    '/secrets/1/name', ...['engine', 'host', 'password', 'username'].map((member) => `/secrets/1/value/${member}`),
    '/secrets/2/generate', '/secrets/2/type', '/secrets/3/colour', '/secrets/3/encoding', '/secrets/4/name', '/secrets/5/name', '/secrets/5/value', '/secrets/6', '/secrets/7/tags',
    '/secrets/8/generate/passwordLength', '/secrets/9/name', '/secrets/9/tags', '/secrets/9/value'
  ])
  t.notMatch(refused.text, /canary/)
  t.equal(gateway.awsCalls.length, 0)
  const many = await bulk(gateway, { secretNames: Array(300).fill(7), secrets: Array(300).fill({ name: 'a', value: null, type: 'rds' }) })
  t.match([many.status, many.json.errors.length], [400, 100], 'no more than 100 errors are reported')
  for (const body of [null, 'text', 7, [], { secrets: {} }, { secretNames: null, secrets: [null, []] }]) {
    t.match(await gateway.send('POST', path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }), { status: 400 }, JSON.stringify(body))
  }
  const unseen = await gateway.send('POST', '/environments/prod/secrets', { json: { secrets: [{ name: 'a', type: 'rds', value: {}, x: 1 }] }, token: tokens.reader })
  t.match(unseen, { status: 404, json: { errors: undefined } }, 'no errors in an environment that the caller may not see')
})

t.test('onConflict update changes only what differs', async (t) => {
  const gateway = await build(t)
  const secrets = [
    { name: 'valued', value: { user: 'app', password: 'p' }, description: 'd', tags: { team: 'a', tier: 'b' } },
    { name: 'binary', value: 'AP8=', encoding: 'base64' },
    { name: 'placeholder', description: 'd' }
  ]
  const update = async (secrets: object[], options?: RequestOptions): Promise<Reply> => bulk(gateway, { secrets, onConflict: 'update' }, options)
  /** Returns the list of all secrets, without the dates of their last access. */
  const state = async (): Promise<string> => {
    gateway.catchUp()
    return JSON.stringify((await gateway.send('GET', path)).json.items, (key, value: unknown) => key === 'lastAccessedDate' ? undefined : value)
  }
  t.equal((await update(secrets)).status, 201)
  const before = await state()

  for (const dryRun of [true, false]) {
    const again = await bulk(gateway, { secrets, onConflict: 'update', dryRun })
    t.same(results(again), { valued: 'skipped', binary: 'skipped', placeholder: 'skipped' })
    t.equal(await state(), before)
  }
  t.same(results(await bulk(gateway, { secrets, onConflict: 'update', atomic: true })), { valued: 'skipped', binary: 'skipped', placeholder: 'skipped' })
  t.equal(await state(), before)

  const [valued] = secrets
  t.same(results(await update([{ ...valued, description: 'e' }])), { valued: 'updated' })
  t.same(results(await update([{ ...valued, description: 'e', tags: { tier: 'c' } }])), { valued: 'updated' })
  t.match(JSON.parse(await state()).find(({ name }: { name: string }) => name === 'valued'), {
    description: 'e', tags: { team: 'a', tier: 'c' }, versions: JSON.parse(before).find(({ name }: { name: string }) => name === 'valued').versions
  })
  t.same(results(await update([{ name: 'binary', value: 'AP8A', encoding: 'base64' }])), { binary: 'updated' })

  const { policies } = policiesOf('@id("all") permit (principal, action, resource); @id("not") forbid (principal, action == Action::"GetSecretValue", resource);')
  gateway.fastify.config.replace({ ...gateway.fastify.config.current, policies })
  t.same(results(await update([{ name: 'binary', value: 'AP8A', encoding: 'base64' }])), { binary: 'updated' }, 'a caller who may not read the value can\'t check a guess by writing')
  t.same(results(await update([{ name: 'placeholder', description: 'd' }])), { placeholder: 'skipped' })
  const { policies: blind } = policiesOf('@id("all") permit (principal, action, resource); @id("not") forbid (principal, action == Action::"DescribeSecret", resource);')
  gateway.fastify.config.replace({ ...gateway.fastify.config.current, policies: blind })
  for (const guess of [{ description: 'd' }, { tags: { team: 'a' } }]) {
    t.same(results(await bulk(gateway, { secrets: [{ name: 'valued', ...guess }], onConflict: 'update', dryRun: true })), { valued: 'updated' }, 'nor a guess of a description or a tag')
  }
})

t.test('of two concurrent runs of a request, only one generates the value', async (t) => {
  const gateway = await build(t)
  await bulk(gateway, { secretNames: Array.from({ length: 20 }, (_, index) => `p${index}`) })
  const secrets = Array.from({ length: 40 }, (_, index) => ({ name: `${index % 2 === 0 ? 'p' : 'n'}${index >> 1}`, generate: {} }))
  const runs = await Promise.all([1, 2, 3].map(async () => bulk(gateway, { secrets, onConflict: 'update' }, keyed('k'))))
  for (const run of runs) t.same(run.json.counts, { ...run.json.counts, created: 20, updated: 20 }, run.text.slice(0, 300))
  t.same(runs.map(versions), [1, 2, 3].map(() => runs.map(versions)[0]))
})

t.test('an item whose name a deleted secret still occupies fails with that reason', async (t) => {
  const gateway = await build(t)
  const fail = await proxyWithFaults(t, gateway)
  fail('CreateSecret', refusal('InvalidRequestException', 'A secret with this name is already scheduled for deletion.'))
  t.same(results(await bulk(gateway, { secretNames: ['a'], onConflict: 'update', restore: true })), { a: 'failed: secret-pending-deletion' })
  fail('CreateSecret', refusal('ResourceExistsException', 'The operation failed because the secret already exists.'))
  t.same(results(await bulk(gateway, { secretNames: ['a'], onConflict: 'update' })), { a: 'created' }, 'it was deleted for good in the meantime')
})

t.test('stops at its deadline, and reports the items that it has not started', async (t) => {
  const gateway = await build(t)
  const secretNames = Array.from({ length: 10_000 }, (_, index) => `n${index}`)
  const { status, json } = await bulk(gateway, { secretNames, settings: { concurrency: 1, timeoutSeconds: 1 } })
  t.equal(status, 200)
  t.equal(json.stopped, 'timeout')
  t.ok(json.counts.created > 0)
  t.equal(sum(json.counts.created, json.counts.notStarted), 10_000)
  t.match(await bulk(gateway, { secretNames: ['a'], settings: { concurrency: 65, timeoutSeconds: 0, x: 1 } }), {
    status: 400, json: { errors: [{ pointer: '/settings/x' }, { pointer: '/settings/concurrency' }, { pointer: '/settings/timeoutSeconds' }] }
  })
})

t.test('streams the result of each secret as a line of JSON', async (t) => {
  const gateway = await build(t)
  await bulk(gateway, { secretNames: ['b'] })
  const options = { headers: { accept: 'application/x-ndjson' } }
  const reply = await bulk(gateway, { secretNames: ['a', 'b', 'c'], settings: { concurrency: 1 } }, options)
  t.equal(reply.status, 200)
  t.match(reply.headers.get('content-type'), 'application/x-ndjson')
  const lines = reply.text.trimEnd().split('\n').map((line) => JSON.parse(line) as object)
  t.match(lines, [
    { name: 'a', result: 'created', arn: /^arn:/ },
    { name: 'b', result: 'failed', problem: { code: 'secret-exists', requestId: reply.headers.get('x-request-id') } },
    { name: 'c', result: 'created' },
    { summary: { status: 200, dryRun: false, counts: { created: 2, failed: 1 } } }
  ])
  t.equal((await bulk(gateway, { secretNames: [''] }, options)).status, 400, 'an invalid request is answered as usual')

  t.test('begins no further secret after the client has disconnected', async (t) => {
    const secretNames = Array.from({ length: 1_000 }, (_, index) => `n${index}`)
    const sent = request(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { ...options.headers, authorization: `Bearer ${tokens.administrator}`, 'content-type': 'application/json' }
    })
    sent.on('error', () => undefined).end(JSON.stringify({ secretNames }))
    const [answer] = await once(sent, 'response') as [IncomingMessage]
    await once(answer, 'data')
    sent.destroy()
    const recorded = (result: string): number => gateway.trail()
      .filter((record) => record.event === 'item' && record.result === result)
      .reduce((count, { names }) => sum(count, Array.isArray(names) ? names.length : 1), 0)
    await until(() => recorded('not-started') > 0)
    t.ok(recorded('not-started') > 0)
  })

  t.test('waits while the client does not read', async (t) => {
    const closed = await build(t, {
      authorization: policiesOf('@id("environment") permit (principal, action, resource) unless { resource is Secret && resource.name like "n*" };')
    })
    // Together, the lines exceed the operating system's buffers, so a part stays unsent until the client reads.
    const secretNames = Array.from({ length: 10_000 }, (_, index) => `n${index}`.padEnd(500, '-'))
    const sent = request(`${closed.url}${path}`, {
      method: 'POST',
      headers: { ...options.headers, authorization: `Bearer ${tokens.administrator}`, 'content-type': 'application/json' }
    })
    sent.end(JSON.stringify({ secretNames }))
    const [answer] = await once(sent, 'response') as [IncomingMessage]
    let [begun, before] = [1, 0]
    while (begun !== before) {
      await setTimeout(500)
      before = begun
      begun = closed.trail().filter(({ event }) => event === 'item').length
    }
    const texts: string[] = []
    for await (const chunk of answer.setEncoding('utf8')) texts.push(String(chunk))
    const lines = texts.join('').trimEnd().split('\n')
    t.equal(lines.length, 10_001)
    t.match(lines.at(-1), '"summary"')
    const all = closed.trail().filter(({ event }) => event === 'item').length
    t.ok(begun < all, `${begun} of ${all} records were written before the client read`)
  })
})

t.test('an internal error ends the stream without a summary', async (t) => {
  const gateway = await build(t)
  const { fastify } = gateway
  const aws = fastify.awsClient('dev-account', 'eu-west-1')
  aws.middlewareStack.add(() => async () => { throw new TypeError('canary') }, { step: 'serialize' })
  t.match(await bulk(gateway, { secretNames: ['a'] }), { status: 500 })
  t.match(await bulk(gateway, { secretNames: ['a'] }, { headers: { accept: 'application/x-ndjson' } }), { status: 500 }, 'the status can still report it, because no line was sent')
  const job = await bulk(gateway, { secretNames: ['a'] }, { headers: { prefer: 'respond-async' } })
  const { text } = await gateway.send('GET', `${job.headers.get('location') ?? ''}/events`)
  t.match(text, /event: end\ndata: {"problem":"internal-error"}\n\n$/)
  t.match((await gateway.send('GET', job.headers.get('location') ?? '')).json, { state: 'ended', problem: { code: 'internal-error' } })
  t.match(gateway.log.join(''), /"thrown":\{"name":"TypeError".*"msg":"bulk create failed"/)
  t.notMatch(gateway.log.join(''), /canary/)
})
