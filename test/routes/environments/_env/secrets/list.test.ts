import t, { type Test } from 'tap'
import { build, sameCalls, tokens, type Gateway } from '#test/helper'

const path = '/environments/dev/secrets'

/** Requests every page of a list. Returns the pages, with the length of each cursor instead of the cursor itself. */
async function pagesOf (t: Test, gateway: Gateway, query: string): Promise<unknown[]> {
  const pages: unknown[] = []
  let cursor: string | undefined
  do {
    const reply = await gateway.send('GET', `${path}?${query}${cursor === undefined ? '' : `&cursor=${cursor}`}`, { token: tokens.team })
    t.equal(reply.status, 200)
    cursor = reply.json.nextCursor
    pages.push({ items: reply.json.items, unaddressable: reply.json.unaddressable, cursorLength: cursor?.length })
  } while (cursor !== undefined)
  return pages
}

t.test('listSecrets: hidden secrets change neither a page nor the presence or the length of its cursor', async (t) => {
  const gateway = await build(t)
  const create = async (name: string, tags: object = { guess: 'guessed' }): Promise<void> => {
    const reply = await gateway.send('POST', `${path}/${encodeURIComponent(name)}`, { json: { description: 'guessed words', tags } })
    t.equal(reply.status, 201)
  }
  const createInAws = async (name: string): Promise<void> => {
    await gateway.aws('AKIADEV').createSecret({ Name: `dev/${name}`, Description: 'guessed words', Tags: [{ Key: 'guess', Value: 'guessed' }] })
  }
  for (const name of ['team-a/1', 'team-a/2', 'team-a/3']) await create(name)
  for (const name of ['team-a//unaddressable', 'team-a/2/']) await createInAws(name)
  const filters = ['', 'namePrefix=team-a', 'description=guessed', 'tagKey=guess', 'tagValue=guessed', 'all=guessed', 'tag=guess%3Dguessed']
  const queries = filters.flatMap((filter) => ['name', '-lastChangedDate'].flatMap((sort) => [1, 2, 3, 100].map((limit) => `${filter}&sort=${sort}&limit=${limit}`)))
  const replies = async (): Promise<Record<string, unknown[]>> => {
    gateway.catchUp()
    const found: Record<string, unknown[]> = {}
    for (const query of queries) found[query] = await pagesOf(t, gateway, query)
    return found
  }
  const withoutHidden = await replies()
  t.same(withoutHidden['&sort=name&limit=2'], withoutHidden['all=guessed&sort=name&limit=2'], 'every filter matches the secrets that the caller may see')
  t.match(withoutHidden['&sort=name&limit=2'], [
    { items: [{ name: 'team-a/1' }, { name: 'team-a/2' }], unaddressable: 2, cursorLength: Number },
    { items: [{ name: 'team-a/3' }], unaddressable: undefined }
  ])
  t.match(withoutHidden['tag=guess%3Dguessed&sort=name&limit=1'], [{ unaddressable: 1 }, { unaddressable: 1 }, { unaddressable: undefined }], 'a page counts up to the next one')

  for (const name of ['team-a', 'team-ab/1', 'before', 'z/after']) await create(name)
  for (const name of ['/before', 'team-ab//1', 'z/']) await createInAws(name)
  t.same(await replies(), withoutHidden, 'a few hidden secrets')

  const secrets = Array.from({ length: 230 }, (_, index) => ({ name: `team-a+/${index}`, description: 'guessed', tags: { guess: 'guessed' } }))
  t.match((await gateway.send('POST', path, { json: { secrets } })).json, { counts: { created: 230 } })
  t.same(await replies(), withoutHidden, 'more hidden secrets than AWS puts on two pages')
})

t.test('listSecrets requests pages of the maximum size from AWS', async (t) => {
  const gateway = await build(t)
  await gateway.send('POST', path, { json: { secretNames: Array.from({ length: 201 }, (_, index) => `many/${index}`) } })
  gateway.catchUp()
  gateway.awsCalls.length = 0
  const first = await gateway.send('GET', `${path}?limit=1&sort=name`)
  sameCalls(t, gateway, ['ListSecrets'], 'a small page takes one call')
  const names: string[] = []
  for (let query: string | undefined = `limit=100&sort=name&cursor=${first.json.nextCursor}`; query !== undefined;) {
    const { json } = await gateway.send('GET', `${path}?${query}`)
    names.push(...json.items.map(({ name }: { name: string }) => name))
    query = json.nextCursor === undefined ? undefined : `limit=100&sort=name&cursor=${json.nextCursor}`
  }
  t.equal(new Set([first.json.items[0].name, ...names]).size, 201)
  t.equal(names.length, 200, 'each secret is on one page only, although the pages of AWS and of the caller begin in different places')
})

t.test('listSecrets: a page continues after the last item although secrets are created or deleted between two pages', async (t) => {
  const gateway = await build(t)
  await gateway.send('POST', path, { json: { secretNames: ['b', 'd', 'f', 'h'] } })
  const list = async (cursor = ''): Promise<{ names: string[], cursor: string }> => {
    gateway.catchUp()
    const { json } = await gateway.send('GET', `${path}?limit=2&sort=name${cursor && `&cursor=${cursor}`}`)
    return { names: json.items.map(({ name }: { name: string }) => name), cursor: json.nextCursor }
  }
  const { cursor, ...first } = await list()
  t.same(first.names, ['b', 'd'])
  await gateway.send('POST', `${path}/a`, { json: {} })
  t.same((await list(cursor)).names, ['f', 'h'], 'one was created before the last item')
  await gateway.send('DELETE', `${path}/a`)
  await gateway.send('DELETE', `${path}/d`)
  t.same((await list(cursor)).names, ['f', 'h'], 'the last item was deleted')
  await gateway.send('DELETE', `${path}/f`)
  await gateway.send('DELETE', `${path}/h`)
  t.same(await list(cursor), { names: [], cursor: undefined }, 'everything behind it was deleted')
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
  gateway.catchUp()

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

  t.test('filters by exact tags', async (t) => {
    t.same(await names('?tag=team%3Dpayments'), ['payments/db', 'payments/api-key'])
    t.same(await names('?tag=team=payments&tag=kind=key'), ['payments/api-key'])
    t.same(await names('?tag=team%3Dpay'), [])
    t.match(await gateway.send('GET', `${path}?tag=a%3Db&tag=c%3Dd&tag=a%3Dc`), { json: { errors: [{ pointer: '/tag/2', message: 'must NOT name a tag key again' }] } })
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
    gateway.catchUp()
    t.notOk((await names('')).includes('Orders'))
    t.ok((await names('?includePlannedDeletion=true')).includes('Orders'))
  })

  t.test('leaves out names that the gateway cannot address', async (t) => {
    await gateway.aws('AKIADEV').createSecret({ Name: 'dev//double', SecretString: 'v' })
    gateway.catchUp()
    t.notOk((await names('')).some((name) => name.includes('double')))
  })

  t.test('refuses unknown or invalid parameters', async (t) => {
    for (const query of ['limit=0', 'limit=101', 'limit=a', 'limit=1&limit=2', 'sort=size', 'x=1', 'description=', 'includePlannedDeletion=1', 'tagKey=%00', 'tag=a', 'tag=%3Da', 'tag=', 'tag=a%3Db&tag=a%3Dc', `tag=${'k'.repeat(129)}%3Dv`, `tag=k%3D${'v'.repeat(257)}`]) {
      t.match(await gateway.send('GET', `${path}?${query}`), { status: 400, json: { code: 'invalid-request', errors: [{ in: 'query' }] } }, query)
    }
  })
})
