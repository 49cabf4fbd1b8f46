import t from 'tap'
import { build, tokens } from '#test/helper'

// Tests the operation describeCaller. A contract test requires each operation ID to occur in the tests of its route.

t.test('callers learn how the gateway identifies them', async (t) => {
  const gateway = await build(t)
  t.match(await gateway.send('GET', '/auth/caller'), { status: 200, json: { id: 'administrator', groups: ['administrators'], method: 'api-key' } })
  t.match(await gateway.send('GET', '/auth/caller', { token: tokens.stranger }), { status: 200, json: { id: 'stranger', groups: [] } }, 'a caller without any permission')
  for (const token of [null, 'wrong', tokens.expired]) t.match(await gateway.send('GET', '/auth/caller', { token }), { status: 401, json: { code: 'unauthenticated' } })
})
