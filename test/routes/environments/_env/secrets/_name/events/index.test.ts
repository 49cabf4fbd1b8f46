import t from 'tap'
import { build, caching, tokens } from '#test/helper'
import { until } from '#test/until'
import { openStream } from '#test/waiting'

const path = '/environments/dev/secrets/payments%2Fdb'

t.test('followSecret', async (t) => {
  const gateway = await build(t, caching)
  const put = async (value: string): Promise<string> => (await gateway.send('PUT', path, { json: { value } })).json.versionId
  const first = await put('one')
  const stream = await openStream(gateway, `${path}/events`)
  await until(() => stream.events.length === 1)
  const second = await put('two')
  await until(() => stream.events.length === 2)
  t.match(stream.events, [first, second].map((versionId) => ({ event: 'version', data: { name: 'payments/db', versionId } })))
  stream.close()
  t.equal((await gateway.send('GET', `${path}/events`, { token: tokens.reader })).status, 403, 'may read it, but not describe it')
})
