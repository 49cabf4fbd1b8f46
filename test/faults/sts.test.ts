import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { runRows } from './run-rows.ts'
import { setUp } from './set-up.ts'
import { groups } from './table.ts'

runRows(groups.sts)

t.test('the work on the keys ends at the deadline, and is not continued when nobody waits for it', async (t) => {
  const { gateway, sts } = await setUp(t, { deadlineSeconds: 0.3 })
  const throttling = '<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code></Error></ErrorResponse>'
  await sts.plant({ kind: 'reply', status: 400, headers: { 'content-type': 'text/xml', 'retry-after': '1' }, body: throttling }, Infinity)
  t.match(await gateway.send('GET', '/environments/role/secrets/a'), { status: 504, json: { code: 'aws-timeout' } })
  t.equal(sts.attempts(), 1)
  await setTimeout(2_000)
  t.equal(sts.attempts(), 1, 'the SDK does not repeat the call later')
})
