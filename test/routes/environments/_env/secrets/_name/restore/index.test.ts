import t from 'tap'
import { build } from '#test/helper'

const path = '/environments/dev/secrets/payments%2Fdb'

t.test('restoreSecret', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', path, { json: { value: 'v' } })
  await gateway.send('DELETE', path)
  t.match(await gateway.send('POST', `${path}/restore`), { status: 200, json: { name: 'payments/db', arn: /^arn:/ } })
  t.match((await gateway.send('GET', path)).json, { value: 'v' })
  t.match(await gateway.send('POST', '/environments/dev/secrets/none/restore'), { status: 404, json: { code: 'secret-not-found' } })

  t.match(await gateway.send('POST', `${path}/restore`, { json: {} }), { status: 400 }, 'a body is refused')
  t.match(await gateway.send('POST', `${path}/restore`, { headers: { 'content-type': 'application/json' } }), { status: 200 }, 'a media type without a body is accepted')
  await gateway.send('DELETE', `${path}?recoveryWindowInDays=7`)
  gateway.advance(8)
  t.match(await gateway.send('POST', `${path}/restore`), { status: 404 }, 'not after the recovery window')
})
