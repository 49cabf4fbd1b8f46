import t from 'tap'
import { build } from '#test/helper'

t.test('isLive and isReady need no token', async (t) => {
  const gateway = await build(t)
  for (const path of ['/health/live', '/health/ready']) {
    t.match(await gateway.send('GET', path, { token: null }), { status: 200, json: { status: 'ok' } })
  }
  t.same(gateway.awsCalls, [])
})
