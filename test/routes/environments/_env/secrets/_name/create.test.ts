import t from 'tap'
import { build } from '#test/helper'

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
    t.notOk('warnings' in again.json, 'it warns only when the secret is created')
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

  t.test('names the types that a value may have', async (t) => {
    for (const value of [1, true, null, ['a']]) {
      const reply = await gateway.send('POST', '/environments/dev/secrets/typed', { json: { value } })
      t.equal(reply.status, 400)
      t.same(reply.json.errors, [{ in: 'body', pointer: '/value', message: 'must be string or object' }])
    }
    const bulk = await gateway.send('POST', '/environments/dev/secrets', { json: { secrets: [{ name: 'typed', value: 1 }] } })
    t.same(bulk.json.errors, [{ in: 'body', pointer: '/secrets/0/value', message: 'must be string or object' }])
  })

  t.test('names what IAM denies on a KMS key of another account', async (t) => {
    const kmsKeyId = 'arn:aws:kms:eu-west-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab'
    const detail = (permissions: string): string => `AWS denies ${permissions} on the KMS key ${kmsKeyId} to the credential dev-account.`
    const create = await gateway.send('POST', '/environments/dev/secrets/foreign-key', { json: { value: 'v', kmsKeyId } })
    t.match(create, { status: 403, json: { code: 'aws-access-denied', detail: detail('kms:GenerateDataKey or kms:Decrypt') } })
    const bulk = await gateway.send('POST', '/environments/dev/secrets', { json: { secrets: [{ name: 'foreign-key', value: 'v', kmsKeyId }] } })
    t.match(bulk.json.items, [{ problem: { code: 'aws-access-denied', detail: detail('kms:GenerateDataKey or kms:Decrypt') } }])
    await gateway.send('POST', '/environments/dev/secrets/own-key', { json: { value: 'v' } })
    const update = await gateway.send('PATCH', '/environments/dev/secrets/own-key', { json: { kmsKeyId } })
    t.match(update, { status: 403, json: { detail: detail('kms:GenerateDataKey, kms:Encrypt or kms:Decrypt') } })
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
