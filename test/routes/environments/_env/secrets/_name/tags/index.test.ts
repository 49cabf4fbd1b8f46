import t from 'tap'
import { build } from '#test/helper'

t.test('tagSecret and untagSecret', async (t) => {
  const gateway = await build(t)
  const path = '/environments/prod/secrets/payments%2Fdb'
  await gateway.send('PUT', path, { json: { value: 'v' } })
  const tags = async (): Promise<object> => (await gateway.send('GET', `${path}/metadata`)).json.tags

  t.match(await gateway.send('PUT', `${path}/tags`, { json: { team: 'a', kind: 'db' } }), { status: 200, json: { name: 'payments/db' } })
  await gateway.send('PUT', `${path}/tags`, { json: { team: 'b' } })
  t.same(await tags(), { environment: 'prod', team: 'b', kind: 'db' })
  t.equal((await gateway.send('DELETE', `${path}/tags?key=team&key=kind&key=none`)).status, 200)
  t.same(await tags(), { environment: 'prod' })

  t.match(await gateway.send('PUT', `${path}/tags`, { json: { environment: 'dev' } }), { status: 400, json: { errors: [{ in: 'body', pointer: '' }] } })
  t.match(await gateway.send('DELETE', `${path}/tags?key=environment`), { status: 400, json: { errors: [{ in: 'query', pointer: '/key' }] } })
  t.match(await gateway.send('PUT', `${path}/tags`, { json: { 'aws:x': 'y' } }), { status: 422, json: { code: 'aws-refused', detail: /system tags/ } })
  t.match(await gateway.send('PUT', `${path}/tags`, { json: { a: 1 } }), { status: 400 })
  t.match(await gateway.send('DELETE', `${path}/tags`), { status: 400 })
  t.match(await gateway.send('PUT', '/environments/prod/secrets/none/tags', { json: { a: 'b' } }), { status: 404, json: { code: 'secret-not-found' } })
  await gateway.send('PUT', `${path}/tags`, { json: Object.fromEntries(Array.from({ length: 49 }, (_, index) => [`k${index}`, 'v'])) })
  t.match(await gateway.send('PUT', `${path}/tags`, { json: { more: 'v' } }), { status: 422 }, 'a 51st tag')
  await gateway.send('DELETE', path)
  t.match(await gateway.send('PUT', `${path}/tags`, { json: { a: 'b' } }), { status: 409, json: { code: 'secret-pending-deletion' } })
})
