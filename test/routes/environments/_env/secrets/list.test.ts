import t from 'tap'
import { build, tokens } from '#test/helper'

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
  t.match(await list('namePrefix=hidden/more/'), { items: [], nextCursor: String }, 'the number of AWS calls for one request is limited')
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
