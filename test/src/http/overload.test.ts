import t from 'tap'
import { overload } from '#src/http/overload'

t.test('a heap above its share of the limit is an overload', (t) => {
  let heapUsed = 0
  const find = overload(() => ({ heapUsed, eventLoopDelay: 0 }), 1_000, () => ({ heapShare: 0.8, loopDelay: 100 }))
  for (const [used, expected] of [[100, undefined], [800, undefined], [801, 'heap'], [799, undefined]] as const) {
    heapUsed = used
    t.equal(find(), expected, String(used))
  }
  t.end()
})

t.test('the event loop is overloaded after two measurements in a row', (t) => {
  let load = { heapUsed: 1, eventLoopDelay: 0 }
  const find = overload(() => load, 1_000, () => ({ heapShare: 0.8, loopDelay: 100 }))
  for (const [heapUsed, eventLoopDelay, expected] of [
    [1, 0, undefined], [2, 101, undefined], [2, 101, undefined], [3, Infinity, 'event-loop-delay'], [3, Infinity, 'event-loop-delay'],
    [4, 99, undefined], [5, 100, undefined], [6, 100, 'event-loop-delay']
  ] as const) {
    load = { heapUsed, eventLoopDelay }
    t.equal(find(), expected, `measurement ${heapUsed}`)
  }
  t.end()
})

t.test('a delay that could not be measured is as long as the interval', (t) => {
  for (const [loopDelay, expected] of [[1_000, 'event-loop-delay'], [1_001, undefined]] as const) {
    let heapUsed = 0
    const find = overload(() => ({ heapUsed: heapUsed += 1, eventLoopDelay: Infinity }), 1_000, () => ({ heapShare: 0.8, loopDelay }))
    find()
    t.equal(find(), expected)
  }
  t.end()
})

t.test('before the first measurement, no delay is known, so a single measurement is no overload even with the lowest limit', (t) => {
  const find = overload(() => ({ heapUsed: 1, eventLoopDelay: 100 }), 1_000, () => ({ heapShare: 0.8, loopDelay: 1 }))
  t.equal(find(), undefined)
  t.end()
})
