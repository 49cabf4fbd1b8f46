import t from 'tap'
import { build, tokens, type Gateway, type Reply } from '#test/helper'

const path = '/environments/dev/secrets'

t.test('listSecrets does not reveal hidden secrets by an empty page with a next cursor', async (t) => {
  const gateway = await build(t)
  for (const name of ['hidden/1', 'hidden/2', 'hidden/3']) await gateway.send('POST', `/environments/dev/secrets/${encodeURIComponent(name)}`, { json: {} })
  const list = async (query: string): Promise<unknown> => (await gateway.send('GET', `/environments/dev/secrets?limit=1&${query}`, { token: tokens.team })).json
  t.same(await list('namePrefix=hidden/'), { items: [] })
  t.same(await list('namePrefix=nothing/'), { items: [] })

  const secretNames = Array.from({ length: 25 }, (_, index) => `hidden/more/${index}`)
  await gateway.send('POST', path, { json: { secretNames } })
  gateway.awsCalls.length = 0
  t.match(await list('namePrefix=hidden/more/'), { items: [], nextCursor: String }, 'only so much is asked of AWS for one request')
  t.equal(gateway.awsCalls.length, 20)
})

t.test('listSecrets', async (t) => {
  const gateway = await build(t)
  const names = async (query: string): Promise<string[]> => {
    const { status, json } = await gateway.send('GET', `${path}${query}`)
    t.equal(status, 200)
    return json.items.map(({ name }: { name: string }) => name)
  }
  const secrets = [
    { name: 'payments/db', value: 'v', description: 'The payments database', tags: { team: 'payments' } },
    { name: 'payments/api-key', value: 'v', tags: { team: 'payments', kind: 'key' } },
    { name: 'Orders', value: 'v', description: 'An order queue' }
  ]
  await gateway.send('POST', path, { json: { secrets: secrets.slice(0, 1) } })
  await gateway.send('POST', path, { json: { secrets: secrets.slice(1, 2) } })
  await gateway.send('POST', path, { json: { secrets: secrets.slice(2) } })
  await gateway.send('POST', path, { json: { secretNames: ['empty'] } })
  await gateway.send('PUT', '/environments/staging/secrets/elsewhere', { json: { value: 'v' } })

  t.test('an empty environment is an empty list', async (t) => {
    t.same((await gateway.send('GET', '/environments/prod/secrets')).json, { items: [] })
  })

  t.test('shows metadata, and never a value', async (t) => {
    const { json } = await gateway.send('GET', `${path}?namePrefix=payments/db`)
    t.match(json.items, [{ name: 'payments/db', state: 'active', description: 'The payments database', tags: { team: 'payments' } }])
    t.match((await gateway.send('GET', `${path}?namePrefix=empty`)).json.items, [{ state: 'placeholder' }])
    t.notOk('value' in json.items[0])
  })

  t.test('filters as AWS does, inside the environment', async (t) => {
    t.same((await names('')).sort(), ['Orders', 'empty', 'payments/api-key', 'payments/db'])
    t.same(await names('?namePrefix=payments/'), ['payments/db', 'payments/api-key'])
    t.same(await names('?namePrefix=orders'), [])
    t.same(await names('?description=PAY'), ['payments/db'])
    t.same(await names('?tagKey=kind'), ['payments/api-key'])
    t.same(await names('?tagValue=pay&description=!the'), ['payments/api-key'])
    t.same(await names('?all=order'), ['Orders'])
  })

  t.test('sorts and pages', async (t) => {
    t.same(await names('?sort=name'), ['Orders', 'empty', 'payments/api-key', 'payments/db'])
    t.same(await names('?sort=-name'), ['payments/db', 'payments/api-key', 'empty', 'Orders'])
    t.same((await names('?sort=-createdDate')).slice(-2), ['payments/api-key', 'payments/db'])
    t.same((await names('?sort=createdDate')).slice(0, 2), ['payments/db', 'payments/api-key'])
    const found: string[] = []
    let cursor = ''
    do {
      const { json } = await gateway.send('GET', `${path}?limit=1&sort=name${cursor}`)
      t.ok(json.items.length <= 1)
      found.push(...json.items.map(({ name }: { name: string }) => name))
      cursor = json.nextCursor === undefined ? '' : `&cursor=${encodeURIComponent(json.nextCursor)}`
    } while (cursor !== '')
    t.same(found, ['Orders', 'empty', 'payments/api-key', 'payments/db'])
    t.match(await gateway.send('GET', `${path}?cursor=nonsense`), { status: 400, json: { errors: [{ in: 'query', pointer: '/cursor' }] } })
  })

  t.test('includes secrets that are scheduled for deletion on request', async (t) => {
    await gateway.send('DELETE', `${path}/Orders`)
    t.notOk((await names('')).includes('Orders'))
    t.ok((await names('?includePlannedDeletion=true')).includes('Orders'))
  })

  t.test('leaves out names that the gateway cannot address', async (t) => {
    await gateway.aws('AKIADEV').createSecret({ Name: 'dev//double', SecretString: 'v' })
    t.notOk((await names('')).some((name) => name.includes('double')))
  })

  t.test('refuses unknown or invalid parameters', async (t) => {
    for (const query of ['limit=0', 'limit=101', 'limit=a', 'limit=1&limit=2', 'sort=size', 'x=1', 'description=', 'includePlannedDeletion=1', 'tagKey=%00']) {
      t.match(await gateway.send('GET', `${path}?${query}`), { status: 400, json: { code: 'invalid-request', errors: [{ in: 'query' }] } }, query)
    }
  })
})

const bulk = async (gateway: Gateway, json: object, token?: string): Promise<Reply> =>
  gateway.send('POST', path, { json, ...(token !== undefined && { token }) })

const results = ({ json }: Reply): Record<string, string> =>
  Object.fromEntries(json.items.map(({ name, result, problem }: { name: string, result: string, problem?: { code: string } }) =>
    [name, problem === undefined ? result : `${result}: ${problem.code}`]))

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

  t.test('fails, skips or updates what exists, and lists all conflicts', async (t) => {
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
    t.equal((await gateway.send('GET', `${path}/g`)).json.value, generated, 'a generated value is made once')
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
      t.equal((await gateway.send('GET', `${path}/b`)).json.value, expected, 'it has what the item says only with update')
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
    const updated = await bulk(gateway, { secrets, onConflict: 'update', restore: true }, tokens.pipeline)
    t.same(results(updated), { a: 'failed: forbidden', b: 'created', gone: 'failed: forbidden' })
    const tagged = await bulk(gateway, { secrets: [{ name: 'a', tags: { x: 'y' } }], onConflict: 'update' }, tokens.pipeline)
    t.same(results(tagged), { a: 'failed: forbidden' })
  })

  t.test('reports all errors at once, before any call of AWS', async (t) => {
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
