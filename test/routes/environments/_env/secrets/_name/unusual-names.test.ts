import t, { type Test } from 'tap'
import { build, policies, tokens, type Gateway } from '#test/helper'

const managed = 'rds!db-1'
const unaddressable = ['/slash', 'a//b', 'trail/', 'up/../here', './x']
const path = `/environments/dev/secrets/${encodeURIComponent(managed)}`
const missing = { from: 'dev', missing: true }

/** Starts a gateway, with secrets that were created in AWS directly. */
async function withUnusualNames (t: Test, change: Parameters<typeof build>[1] = {}): Promise<Gateway> {
  const gateway = await build(t, change)
  const aws = gateway.aws('AKIADEV')
  for (const name of [managed, 'usual', ...unaddressable]) await aws.createSecret({ Name: `dev/${name}`, SecretString: `value of ${name}` })
  return gateway
}

t.test('a secret with an exclamation mark in its name can be read, described and compared', async (t) => {
  const gateway = await withUnusualNames(t)
  t.match(await gateway.send('GET', path), { status: 200, json: { name: managed, value: `value of ${managed}` } })
  t.match(await gateway.send('GET', `${path}/metadata`), { status: 200, json: { name: managed, state: 'active' } })
  t.match(await gateway.send('GET', `${path}/versions`), { status: 200 })
  t.match(await gateway.send('POST', '/environments/dev/values', { json: { names: [managed] } }), { status: 200, json: { items: [{ name: managed }] } })
  t.match((await gateway.send('GET', '/environments/dev/secrets?sort=name')).json.items, [{ name: managed }, { name: 'usual' }])

  t.match((await gateway.send('GET', '/environments/dev/secrets?namePrefix=rds!')).json.items, { length: 1, 0: { name: managed } })
  t.equal((await gateway.send('GET', '/environments/dev/secrets?namePrefix=!rds')).status, 400)

  await gateway.aws('AKIAPROD').createSecret({ Name: `production-secrets/${managed}`, SecretString: `value of ${managed}` })
  const { items } = (await gateway.send('GET', '/consistency?environments=dev,prod&compareValues=true&namePrefix=rds')).json
  t.match(items, [{ name: managed, differs: false, environments: { dev: { group: 1 }, prod: { group: 1 } } }])
})

t.test('a secret with an exclamation mark in its name is not created, but can be promoted to an existing secret', async (t) => {
  const gateway = await withUnusualNames(t)
  const created = { status: 400, json: { code: 'invalid-request', errors: [{ message: /only AWS services/ }] } }
  const other = '/environments/dev/secrets/a!b'
  t.match(await gateway.send('POST', other, { json: { value: 'v' } }), created)
  t.match(await gateway.send('PUT', other, { json: { value: 'v' } }), created)
  t.match(await gateway.send('PUT', other, { json: { value: 'v' }, headers: { 'if-none-match': '*' } }), created)
  t.match(await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: ['a!b'] } }), {
    status: 400, json: { errors: [{ pointer: '/secretNames/0', message: /only AWS services/ }] }
  })

  const promote = async (json: object): Promise<unknown> => (await gateway.send('POST', '/environments/prod/promotions', { json: { from: 'dev', ...json } })).json.items
  for (const dryRun of [true, false]) {
    t.match(await promote({ names: [managed], dryRun }), [{ name: managed, result: 'failed', problem: { code: 'invalid-request' } }])
  }
  await gateway.aws('AKIAPROD').createSecret({ Name: `production-secrets/${managed}`, SecretString: 'old' })
  t.match(await promote({ names: [managed], onConflict: 'update' }), [{ name: managed, result: 'updated' }])
  const { SecretString } = await gateway.aws('AKIAPROD').getSecretValue({ SecretId: `production-secrets/${managed}` })
  t.equal(SecretString, `value of ${managed}`)
})

t.test('secrets that no path can address are counted', async (t) => {
  const gateway = await withUnusualNames(t)
  const count = unaddressable.length
  t.match((await gateway.send('GET', '/environments/dev/secrets')).json, { items: { length: 2 }, unaddressable: count })
  t.notOk('unaddressable' in (await gateway.send('GET', '/environments/dev/secrets?namePrefix=us')).json)
  t.notOk('unaddressable' in (await gateway.send('GET', '/environments/prod/secrets')).json)
  t.same((await gateway.send('GET', '/consistency?environments=dev,prod')).json.unaddressable, { dev: count })
  t.notOk('unaddressable' in (await gateway.send('GET', '/consistency?environments=prod')).json)

  const read = async (body: object): Promise<Record<string, unknown>> => (await gateway.send('POST', '/environments/dev/values', { json: body })).json
  t.match(await read({ filters: { namePrefix: 'a/' } }), { items: [], unaddressable: 1 })
  t.notOk('unaddressable' in await read({ filters: { namePrefix: 'us' } }))
  t.notOk('unaddressable' in await read({ names: ['usual'] }))

  const promoted = await gateway.send('POST', '/environments/prod/promotions', { json: missing })
  t.match(promoted.json, { counts: { created: 1, failed: 1 }, unaddressable: count })
  const tags = { team: 'a' }
  await gateway.aws('AKIADEV').tagResource({ SecretId: 'dev/trail/', Tags: [{ Key: 'team', Value: 'a' }] })
  t.match(await read({ filters: { tags } }), { items: [], unaddressable: 1 })
  t.equal((await gateway.send('GET', '/environments/dev/secrets?tag=team%3Da')).json.unaddressable, 1)

  await gateway.aws('AKIAPROD').createSecret({ Name: 'production-secrets/a//b', SecretString: 'v' })
  await gateway.aws('AKIADEV').deleteSecret({ SecretId: 'dev/trail/' })
  const others = await gateway.send('POST', '/environments/prod/promotions', { json: missing })
  t.equal(others.json.unaddressable, count - 2, 'neither those that exist here nor those that are scheduled for deletion')
  await gateway.aws('AKIADEV').restoreSecret({ SecretId: 'dev/trail/' })
  const named = await gateway.send('POST', '/environments/prod/promotions', { json: { from: 'dev', names: ['usual'], onConflict: 'skip' } })
  t.notOk('unaddressable' in named.json)

  let [cursor, total] = ['', 0]
  do {
    const { json } = await gateway.send('GET', `/environments/dev/secrets?limit=1${cursor}`)
    total += Number(json.unaddressable ?? 0)
    cursor = 'nextCursor' in json ? `&cursor=${encodeURIComponent(json.nextCursor)}` : ''
  } while (cursor !== '')
  t.equal(total, count, 'the pages of a list have the same count together')
})

t.test('a caller learns only about secrets whose names it may see', async (t) => {
  const gateway = await withUnusualNames(t, {
    authorization: policies(`
      @id("sees") permit (principal == Caller::"reader", action in [Action::"read", Action::"PromoteSecret"], resource)
      unless { resource is Secret && !(resource.name like "a*") };
    `)
  })
  const token = tokens.reader
  t.equal((await gateway.send('GET', '/environments/dev/secrets', { token })).json.unaddressable, 1)
  t.same((await gateway.send('GET', '/consistency?environments=dev,staging', { token })).json.unaddressable, { dev: 1 })
  for (const [namePrefix, count] of [['a', 1], ['up/', undefined]] as const) {
    t.equal((await gateway.send('POST', '/environments/dev/values', { token, json: { filters: { namePrefix } } })).json.unaddressable, count)
  }
  const plan = await gateway.send('POST', '/environments/prod/promotions', { token, json: { ...missing, dryRun: true } })
  t.match(plan, { status: 200, json: { unaddressable: 1 } })
})
