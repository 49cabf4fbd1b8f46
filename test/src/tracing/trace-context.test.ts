import t from 'tap'
import { traceContextFrom } from '#src/tracing/trace-context'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parentId = '00f067aa0ba902b7'

t.test('a valid traceparent is read', async (t) => {
  t.same(traceContextFrom({ traceparent: `00-${traceId}-${parentId}-01` }), { traceId, parentId, flags: 1, state: undefined })
  t.match(traceContextFrom({ traceparent: `00-${traceId}-${parentId}-00`, tracestate: 'a=b' }), { flags: 0, state: 'a=b' })
  t.match(traceContextFrom({ traceparent: `00-${traceId}-${parentId}-ff` }), { flags: 255 }, 'flags that are not known yet')
  t.match(traceContextFrom({ traceparent: `cc-${traceId}-${parentId}-01-what-the-future-will-be-like` }), { traceId }, 'a later version')
  t.match(traceContextFrom({ traceparent: `cc-${traceId}-${parentId}-01` }), { traceId })
})

t.test('a malformed traceparent is ignored', async (t) => {
  for (const traceparent of [
    undefined,
    '',
    `ff-${traceId}-${parentId}-01`,
    `0-${traceId}-${parentId}-01`,
    `00-${traceId}-${parentId}-01-`,
    `00-${traceId}-${parentId}-01-more`,
    `cc-${traceId}-${parentId}-01.more`,
    `00-${'0'.repeat(32)}-${parentId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${parentId}-01`,
    `00-${traceId.slice(1)}-${parentId}-01`,
    `00-${traceId}-${parentId}`,
    `00-${traceId}-${parentId}-1`,
    ` 00-${traceId}-${parentId}-01`,
    `cc-${traceId}-${parentId}-01-${'x'.repeat(300)}`,
    // Node.js joins repeated headers.
    `00-${traceId}-${parentId}-01, 00-${traceId}-${parentId}-01`
  ]) t.equal(traceContextFrom({ traceparent }), undefined, traceparent ?? 'none')
})
