import t from 'tap'
import { createClient, itemsOf, reply } from '#src/client/client'
import { build, tokens } from '#test/helper'

async function all<Item> (items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}

t.test('yields the items of all pages, and requests a page only when it is needed', async (t) => {
  const { url } = await build(t)
  const gateway = createClient({ url, token: tokens.administrator })
  const path = { env: 'dev' }
  const names = Array.from({ length: 5 }, (_, index) => `list/${index}`)
  await reply(gateway.POST('/environments/{env}/secrets', { params: { path }, body: { secrets: names.map((name) => ({ name, value: name })) } }))
  let pages = 0
  const secrets = itemsOf(async (place) => {
    pages += 1
    return reply(gateway.GET('/environments/{env}/secrets', { params: { path, query: { namePrefix: 'list/', sort: 'name', limit: 2, ...place } } }))
  })
  const found: string[] = []
  for await (const { name } of secrets) {
    found.push(name)
    t.equal(pages, Math.ceil(found.length / 2), 'no page is requested in advance')
  }
  t.same(found, names)
  t.equal(pages, 3)

  const values = itemsOf(async (place) => reply(gateway.POST('/environments/{env}/values', { params: { path }, body: { names, ...place } })))
  t.same((await all(values)).map(({ secret }) => secret?.value), names, 'a list that is requested with POST')
})

t.test('ends early, and passes failures on', async (t) => {
  const asked: unknown[] = []
  const page = async (place: object): Promise<{ items: number[], nextCursor: string }> => {
    asked.push(place)
    if (asked.length === 3) throw new Error('no third page')
    return Promise.resolve({ items: [1, 2], nextCursor: 'c' })
  }
  for await (const item of itemsOf(page)) if (item === 2) break
  t.same(asked, [{}])
  asked.length = 1
  await t.rejects(all(itemsOf(page)), new Error('no third page'))
  t.same(asked, [{}, {}, { cursor: 'c' }])
})
