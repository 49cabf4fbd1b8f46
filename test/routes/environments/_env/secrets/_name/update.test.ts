import t from 'tap'
import { build } from '#test/helper'

const path = '/environments/dev/secrets/payments%2Fdb'

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
