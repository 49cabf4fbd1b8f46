import t from 'tap'
import { build, tokens } from '#test/helper'

t.test('listEnvironments', async (t) => {
  const gateway = await build(t)
  const names = async (token: string): Promise<string[]> =>
    (await gateway.send('GET', '/environments', { token })).json.items.map(({ name }: { name: string }) => name)

  t.same(await names(tokens.administrator), ['dev', 'staging', 'prod'])
  t.same(await names(tokens.reader), ['dev'], 'only what the caller may see')
  t.same(await names(tokens.stranger), [])
  t.match(await gateway.send('GET', '/environments', { token: null }), { status: 401, json: { code: 'unauthenticated' } })
  t.match(await gateway.send('GET', '/environments?x=1'), { status: 400, json: { errors: [{ in: 'query', pointer: '' }] } })
})
