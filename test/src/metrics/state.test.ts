import t from 'tap'
import type { Gates } from '#src/admission/admission'
import { trailMetrics } from '#src/metrics/audit'
import { reportGates } from '#src/metrics/aws'
import { expose } from '#src/metrics/exposition'
import { createMetrics } from '#src/metrics/metrics'

t.test('the metrics of a trail show whether requests are refused', async (t) => {
  const state = { waiting: 2, written: 3, refused: 4, writes: 5, writing: 6_000 }
  for (const isWritable of [true, false]) {
    const text = expose(trailMetrics({ isWritable, state }))
    t.match(text, `\nsecrets_gateway_audit_writable ${isWritable ? 1 : 0}\n`)
    t.match(text, '\nsecrets_gateway_audit_write_seconds_total 6\n')
  }
})

t.test('the metrics of an account show whether calls are refused because AWS does not answer', async (t) => {
  const lane = { load: () => ({ waiting: 1, held: 2 }), headroom: () => 0.5 }
  const gates = [0, 30_000].map((wait, index) => ({ credentialId: `c${index}`, region: 'eu-west-1', lane, breaker: { wait: () => wait } }))
  const metrics = createMetrics()
  reportGates(metrics, { all: () => gates } as unknown as Pick<Gates, 'all'>)
  const text = metrics.text()
  t.match(text, '\nsecrets_gateway_aws_breaker_open{credential="c0",region="eu-west-1"} 0\n')
  t.match(text, '\nsecrets_gateway_aws_breaker_open{credential="c1",region="eu-west-1"} 1\n')
  t.match(text, '\nsecrets_gateway_aws_queue_length{credential="c1",region="eu-west-1",priority="background"} 1\n')
})
