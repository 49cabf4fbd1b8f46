import t from 'tap'
import type { Declared } from '#src/config/config'
import { build } from '#test/helper'
import { until } from '#test/until'

t.test('an overloaded gateway refuses requests, but answers health probes', async (t) => {
  for (const [reason, overload] of Object.entries({
    heap: { heapShare: 1e-6 },
    'event-loop-delay': { loopDelayMilliseconds: -1 }
  } satisfies Record<string, NonNullable<Declared['server']>['overload']>)) {
    const gateway = await build(t, { server: { overload } })
    await until(async () => (await gateway.send('GET', '/environments')).status === 503)
    t.match(await gateway.send('PUT', '/environments/dev/secrets/a', { json: { value: 'v' } }), { status: 503, json: { code: 'overloaded' } }, reason)
    const reply = await gateway.send('GET', '/openapi.yaml', { token: null })
    t.match(reply, { status: 503, json: { code: 'overloaded' } })
    t.equal(reply.headers.get('retry-after'), '5')
    t.match(gateway.trail().at(-1), { event: 'denial', status: 503, code: 'overloaded', reason, operation: 'getOpenApiYaml' })
    for (const path of ['/health/live', '/health/ready']) t.equal((await gateway.send('GET', path, { token: null })).status, 200, path)
    t.same(gateway.awsCalls, [])
  }
})
