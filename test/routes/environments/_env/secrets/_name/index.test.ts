import { randomUUID } from 'node:crypto'
import t from 'tap'
import { build, policies, tokens } from '#test/helper'

const path = '/environments/dev/secrets/payments%2Fdb'

t.test('createSecret', async (t) => {
  const gateway = await build(t)

  t.test('creates a secret in the environment\'s account, under its prefix', async (t) => {
    const created = await gateway.send('POST', path, { json: { value: 'v1', description: 'The database', tags: { team: 'payments' } } })
    t.equal(created.status, 201)
    t.equal(created.headers.get('location'), path)
    t.equal(created.headers.get('etag'), `"${created.json.versionId}"`)
    t.match(created.json, { name: 'payments/db', arn: /^arn:aws:secretsmanager:eu-west-1:111111111111:secret:dev\/payments\/db-\w{6}$/ })
    const aws = await gateway.aws('AKIADEV').getSecretValue({ SecretId: 'dev/payments/db' })
    t.equal(aws.SecretString, 'v1')
    await t.rejects(gateway.aws('AKIAPROD').getSecretValue({ SecretId: 'dev/payments/db' }), { name: 'ResourceNotFoundException' })
  })

  t.test('is a conflict if the secret exists', async (t) => {
    const again = await gateway.send('POST', path, { json: { value: 'v2' } })
    t.match(again, { status: 409, json: { code: 'secret-exists', awsRequestId: /.+/ } })
  })

  t.test('creates a placeholder without a value, until the first PUT', async (t) => {
    const placeholder = '/environments/dev/secrets/placeholder'
    const created = await gateway.send('POST', placeholder, { json: {} })
    t.equal(created.status, 201)
    t.notOk('versionId' in created.json)
    t.equal(created.headers.get('etag'), null)
    t.match(await gateway.send('GET', placeholder), { status: 409, json: { code: 'secret-has-no-value' } })
    t.match(await gateway.send('GET', `${placeholder}?versionStage=AWSPENDING`), { status: 404, json: { code: 'version-not-found' } })
    t.match((await gateway.send('GET', `${placeholder}/metadata`)).json, { state: 'placeholder' })
    t.equal((await gateway.send('PUT', placeholder, { json: { value: 'now' } })).status, 200)
    t.match((await gateway.send('GET', placeholder)).json, { value: 'now' })
  })

  t.test('warns about a name that ends like an ARN', async (t) => {
    for (const [name, isWarned] of [['payments-a1b2c3', true], ['payments-a1b2c', false], ['payments_a1b2c3', false], ['payments-a1b2c3-', false]] as const) {
      const made = await gateway.send('POST', `/environments/dev/secrets/${name}`, { json: { value: 'v' } })
      t.match(made, { status: 201 })
      t.equal('warnings' in made.json, isWarned, name)
    }
    t.match((await gateway.send('PUT', '/environments/dev/secrets/put-a1b2c3', { json: { value: 'v' } })).json, { warnings: [/hyphen and six characters/] })
    const again = await gateway.send('PUT', '/environments/dev/secrets/put-a1b2c3', { json: { value: 'w' } })
    t.notOk('warnings' in again.json, 'only where it is made')
    const bulk = await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: ['bulk-a1b2c3', 'bulk'] } })
    t.match(bulk.json.items[0], { warnings: [/hyphen and six characters/] })
    t.notOk('warnings' in bulk.json.items[1])
  })

  t.test('uses the environment\'s KMS key and tags', async (t) => {
    await gateway.send('POST', '/environments/staging/secrets/k', { json: { value: 'v' } })
    t.match((await gateway.send('GET', '/environments/staging/secrets/k/metadata')).json, { kmsKeyId: 'alias/staging' })
    await gateway.send('POST', '/environments/prod/secrets/k', { json: { value: 'v', tags: { team: 'a' } } })
    t.same((await gateway.send('GET', '/environments/prod/secrets/k/metadata')).json.tags, { team: 'a', environment: 'prod' })
    const contradicting = await gateway.send('POST', '/environments/prod/secrets/l', { json: { value: 'v', tags: { environment: 'dev' } } })
    t.match(contradicting, { status: 400, json: { errors: [{ in: 'body', pointer: '/tags' }] } })
  })

  t.test('can be repeated with an Idempotency-Key, and conflicts with another value', async (t) => {
    const once = '/environments/dev/secrets/once'
    const headers = { 'idempotency-key': 'deploy-1' }
    const first = await gateway.send('POST', once, { json: { value: 'v' }, headers })
    const second = await gateway.send('POST', once, { json: { value: 'v' }, headers })
    t.same(second.json, first.json)
    t.match(first.json.versionId, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    t.match(await gateway.send('POST', once, { json: { value: 'w' }, headers }), { status: 409, json: { code: 'idempotency-conflict' } })
    const elsewhere = await gateway.send('POST', '/environments/dev/secrets/elsewhere', { json: { value: 'v' }, headers })
    t.not(elsewhere.json.versionId, first.json.versionId)
  })
})

t.test('readSecret', async (t) => {
  const gateway = await build(t)
  const first = await gateway.send('PUT', path, { json: { value: { username: 'app', password: 'correct horse', port: 5432 } } })
  const second = await gateway.send('PUT', path, { json: { value: 'plain' } })

  t.test('returns the current version, one by its ID, and one by its label', async (t) => {
    const current = await gateway.send('GET', path)
    t.match(current, {
      status: 200,
      json: { name: 'payments/db', versionId: second.json.versionId, versionStages: ['AWSCURRENT'], encoding: 'text', value: 'plain' }
    })
    t.match(current.json.createdDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    t.equal(current.headers.get('cache-control'), 'no-store')
    t.equal(current.headers.get('vary'), 'Accept')
    t.match(JSON.parse((await gateway.send('GET', `${path}?versionId=${first.json.versionId}`)).json.value), { port: 5432 })
    t.match((await gateway.send('GET', `${path}?versionStage=AWSPREVIOUS`)).json, { versionId: first.json.versionId })
    t.match(await gateway.send('GET', `${path}?versionId=${randomUUID()}`), { status: 404, json: { code: 'version-not-found' } })
    const mismatch = `${path}?versionId=${first.json.versionId}&versionStage=AWSCURRENT`
    t.match(await gateway.send('GET', mismatch), { status: 404, json: { code: 'version-not-found' } })
    t.match(await gateway.send('GET', '/environments/dev/secrets/none'), { status: 404, json: { code: 'secret-not-found' } })
  })

  t.test('returns one field of a JSON value', async (t) => {
    const field = async (name: string): Promise<unknown> => {
      const reply = await gateway.send('GET', `${path}?versionStage=AWSPREVIOUS&field=${name}`)
      return reply.json.value ?? reply.json.code
    }
    t.equal(await field('password'), 'correct horse')
    t.equal(await field('port'), '5432')
    t.equal(await field('none'), 'field-not-found')
    t.equal(await field('toString'), 'field-not-found')
    t.match(await gateway.send('GET', `${path}?field=password`), { status: 404, json: { code: 'field-not-found' } })
    await gateway.send('PUT', '/environments/dev/secrets/number', { json: { value: '17' } })
    const stored = '{"big":12345678901234567890,"nested":{"1":1.0,"list":[1e400]}}'
    await gateway.send('PUT', '/environments/dev/secrets/exact', { json: { value: stored } })
    t.equal((await gateway.send('GET', '/environments/dev/secrets/exact?field=big')).json.value, '12345678901234567890', 'to the last digit')
    t.equal((await gateway.send('GET', '/environments/dev/secrets/exact?field=nested')).json.value, '{"1":1.0,"list":[1e400]}')
    for (const [value, field] of [['["a","b"]', 'length'], ['["a"]', '0'], [`{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 'a']]) {
      await gateway.send('PUT', '/environments/dev/secrets/odd', { json: { value } })
      t.match(await gateway.send('GET', `/environments/dev/secrets/odd?field=${field}`), { status: 404, json: { code: 'field-not-found' } })
    }
    t.match(await gateway.send('GET', '/environments/dev/secrets/number?field=a'), { json: { code: 'field-not-found' } })
  })

  t.test('returns the plain text or the bytes', async (t) => {
    const bytes = Buffer.from([0, 255, 1, 254])
    await gateway.send('PUT', '/environments/dev/secrets/binary', { json: { value: bytes.toString('base64'), encoding: 'base64' } })
    t.match((await gateway.send('GET', '/environments/dev/secrets/binary')).json, { encoding: 'base64', value: 'AP8B/g==' })
    const read = async (name: string, accept: string): Promise<Awaited<ReturnType<typeof gateway.send>>> =>
      gateway.send('GET', `/environments/dev/secrets/${name}`, { headers: { accept } })
    const text = await read('payments%2Fdb', 'text/plain')
    t.match(text, { status: 200, text: 'plain' })
    t.equal(text.headers.get('content-type'), 'text/plain; charset=utf-8')
    t.same(Buffer.from((await read('binary', 'application/octet-stream')).bytes), bytes)
    t.equal((await read('payments%2Fdb', 'application/octet-stream')).text, 'plain')
    t.match(await read('binary', 'text/plain'), { status: 406, json: { code: 'not-acceptable' } })
    t.match(await read('payments%2Fdb', 'image/png'), { status: 406, json: { code: 'not-acceptable' } })
    t.match((await read('payments%2Fdb', 'text/plain;q=0.5, application/json')).json, { value: 'plain' })
    t.match((await read('binary', '*/*')).json, { encoding: 'base64' })
  })

  t.test('answers 304 if the caller has the version', async (t) => {
    const etag = `"${second.json.versionId}"`
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const reply = await gateway.send('GET', path, { headers: { 'if-none-match': header } })
      t.match(reply, { status: 304, text: '' }, header)
      t.equal(reply.headers.get('etag'), etag)
      t.equal(reply.headers.get('vary'), 'Accept')
      t.equal(reply.headers.get('content-type'), null)
    }
    t.equal((await gateway.send('GET', path, { headers: { 'if-none-match': '"other"' } })).status, 200)
  })
})

t.test('a version whose ID is not a valid entity tag can still be read', async (t) => {
  const gateway = await build(t)
  const versionId = '"version with é and a line\nfeed in its ID"'
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/odd', SecretString: 'v', ClientRequestToken: versionId })
  const reply = await gateway.send('GET', '/environments/dev/secrets/odd')
  t.match(reply, { status: 200, json: { versionId } })
  t.equal(reply.headers.get('etag'), `"${encodeURIComponent(versionId)}"`)
  const again = await gateway.send('GET', '/environments/dev/secrets/odd', { headers: { 'if-none-match': reply.headers.get('etag') ?? '' } })
  t.equal(again.status, 304)
})

t.test('putSecret', async (t) => {
  const gateway = await build(t)

  t.test('creates the secret if it does not exist, and then new versions', async (t) => {
    const created = await gateway.send('PUT', path, { json: { value: 'v1' } })
    t.equal(created.status, 201)
    t.equal(created.headers.get('location'), path)
    const updated = await gateway.send('PUT', path, { json: { value: 'v2' } })
    t.equal(updated.status, 200)
    t.equal(updated.headers.get('location'), null)
    t.notOk('created' in updated.json)
    t.not(updated.json.versionId, created.json.versionId)
  })

  t.test('does not create it for callers without CreateSecret', async (t) => {
    const other = await build(t, {
      authorization: policies(`
        @id("stranger") permit (
          principal == Caller::"stranger", action in [Action::"DescribeEnvironment", Action::"PutSecretValue"], resource in Environment::"dev"
        );
      `)
    })
    const reply = await other.send('PUT', path, { json: { value: 'v' }, token: tokens.stranger })
    t.match(reply, { status: 404, json: { code: 'secret-not-found' } })
    t.same(other.awsCalls, ['PutSecretValue'])
  })

  t.test('stores a value of exactly 65,536 bytes, and no larger one', async (t) => {
    const largest = 'é'.repeat(32_768)
    t.equal((await gateway.send('PUT', path, { json: { value: largest } })).status, 200)
    t.equal((await gateway.send('GET', path)).json.value, largest)
    t.match(await gateway.send('PUT', path, { json: { value: `${largest}x` } }), { status: 400, json: { errors: [{ pointer: '/value' }] } })
  })

  t.test('concurrent first writers all succeed', async (t) => {
    const replies = await Promise.all(Array.from({ length: 10 }, (_, index) =>
      gateway.send('PUT', '/environments/dev/secrets/raced', { json: { value: `v${index}` } })))
    t.same(replies.map(({ status }) => status).sort(), [...Array<number>(9).fill(200), 201])
  })

  t.test('returns the same version for the same Idempotency-Key', async (t) => {
    const put = async (value: string): Promise<Awaited<ReturnType<typeof gateway.send>>> =>
      gateway.send('PUT', path, { json: { value }, headers: { 'idempotency-key': 'k' } })
    const first = await put('v')
    t.same((await put('v')).json, first.json)
    t.match(await put('w'), { status: 409, json: { code: 'idempotency-conflict' } })
  })
})

t.test('updateSecret', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', path, { json: { value: 'v1' } })

  t.test('changes the description and the key, without a new version', async (t) => {
    const reply = await gateway.send('PATCH', path, { json: { description: 'd', kmsKeyId: 'alias/other' } })
    t.equal(reply.status, 200)
    t.equal(reply.headers.get('etag'), null)
    t.match((await gateway.send('GET', `${path}/metadata`)).json, { description: 'd', kmsKeyId: 'alias/other' })
    await gateway.send('PATCH', path, { json: { kmsKeyId: '' } })
    t.notOk('kmsKeyId' in (await gateway.send('GET', `${path}/metadata`)).json)
  })

  t.test('changes the value', async (t) => {
    const reply = await gateway.send('PATCH', path, { json: { value: 'djI=', encoding: 'base64' } })
    t.equal(reply.headers.get('etag'), `"${reply.json.versionId}"`)
    t.match((await gateway.send('GET', path)).json, { encoding: 'base64', value: 'djI=' })
    t.match((await gateway.send('GET', `${path}/metadata`)).json, { description: 'd' })
  })

  t.test('refuses an empty update, and a missing secret', async (t) => {
    t.match(await gateway.send('PATCH', path, { json: {} }), { status: 400, json: { code: 'invalid-request' } })
    t.match(await gateway.send('PATCH', path, { json: { encoding: 'base64' } }), { status: 400, json: { errors: [{ pointer: '/encoding' }] } })
    t.match(await gateway.send('PATCH', '/environments/dev/secrets/none', { json: { value: 'v' } }), { status: 404 })
  })
})

t.test('deleteSecret', async (t) => {
  const gateway = await build(t)
  const days = (date: string): number => Math.round((Date.parse(date) - Date.now()) / 86_400_000)

  t.test('schedules the deletion, by default with the environment\'s recovery window', async (t) => {
    for (const [env, expected] of [['dev', 30], ['staging', 7]] as const) {
      await gateway.send('PUT', `/environments/${env}/secrets/x`, { json: { value: 'v' } })
      const deleted = await gateway.send('DELETE', `/environments/${env}/secrets/x`)
      t.equal(deleted.status, 200)
      t.equal(days(deleted.json.deletionDate), expected)
    }
    t.match(await gateway.send('GET', '/environments/dev/secrets/x'), { status: 409, json: { code: 'secret-pending-deletion' } })
    t.match(await gateway.send('PUT', '/environments/dev/secrets/x', { json: { value: 'v' } }), { status: 409 })
    t.match(await gateway.send('POST', '/environments/dev/secrets/x', { json: {} }), { json: { code: 'secret-pending-deletion' } })
    gateway.advance(31)
    t.match(await gateway.send('GET', '/environments/dev/secrets/x'), { status: 404 })
  })

  t.test('accepts a recovery window of 7 to 30 days', async (t) => {
    await gateway.send('PUT', '/environments/dev/secrets/y', { json: { value: 'v' } })
    for (const refused of [6, 31, 'x', 7.5]) {
      t.match(await gateway.send('DELETE', `/environments/dev/secrets/y?recoveryWindowInDays=${refused}`), { status: 400 })
    }
    const deleted = await gateway.send('DELETE', '/environments/dev/secrets/y?recoveryWindowInDays=7')
    t.equal(deleted.status, 200)
  })

  t.test('by force requires its own permission, and is refused in a protected environment', async (t) => {
    await gateway.send('PUT', '/environments/dev/secrets/z', { json: { value: 'v' } })
    t.match(await gateway.send('DELETE', '/environments/dev/secrets/z?force=true&recoveryWindowInDays=7'), { status: 400 })
    t.equal((await gateway.send('DELETE', '/environments/dev/secrets/z?force=true')).status, 200)
    t.match(await gateway.send('GET', '/environments/dev/secrets/z'), { status: 404 })

    await gateway.send('PUT', '/environments/prod/secrets/z', { json: { value: 'v' } })
    t.match(await gateway.send('DELETE', '/environments/prod/secrets/z?force=true'), { status: 403, json: { code: 'deletion-protected' } })

    const other = await build(t, {
      authorization: policies(`
        @id("stranger") permit (
          principal == Caller::"stranger", action in [Action::"DescribeEnvironment", Action::"DeleteSecret"], resource in Environment::"dev"
        );
      `)
    })
    const reply = await other.send('DELETE', '/environments/dev/secrets/z?force=true', { token: tokens.stranger })
    t.match(reply, { status: 403, json: { code: 'forbidden' } })
    t.same(other.awsCalls, [])
  })
})
