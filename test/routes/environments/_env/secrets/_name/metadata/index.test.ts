import t from 'tap'
import { build, tokens } from '#test/helper'

const path = '/environments/dev/secrets/payments%2Fdb'

t.test('describeSecret', async (t) => {
  const gateway = await build(t)
  await gateway.send('POST', path, { json: { value: 'v', description: 'd', tags: { team: 'a' } } })
  const { json: { versionId } } = await gateway.send('PUT', path, { json: { value: 'w' } })

  t.test('returns everything but the value', async (t) => {
    const { status, json } = await gateway.send('GET', `${path}/metadata`)
    t.equal(status, 200)
    t.match(json, { name: 'payments/db', state: 'active', description: 'd', tags: { team: 'a' } })
    t.same(json.versions[versionId], ['AWSCURRENT'])
    t.match(json.lastAccessedDate, /T00:00:00\.000Z$/, 'the PUT read the current value to compare it')
    t.notOk('rotation' in json)
    t.notMatch(JSON.stringify(json), /"value"/)
  })

  t.test('includes a secret that is scheduled for deletion', async (t) => {
    await gateway.send('DELETE', path)
    t.match((await gateway.send('GET', `${path}/metadata`)).json, { state: 'pending-deletion', deletedDate: /Z$/ })
  })

  t.test('requires DescribeSecret', async (t) => {
    t.match(await gateway.send('GET', '/environments/dev/secrets/none/metadata'), { status: 404, json: { code: 'secret-not-found' } })
    t.match(await gateway.send('GET', `${path}/metadata`, { token: tokens.reader }), { status: 403, json: { code: 'forbidden' } })
  })
})
