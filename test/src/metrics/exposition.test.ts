import t from 'tap'
import { expose } from '#src/metrics/exposition'
import { createCounter, createHistogram } from '#src/metrics/families'

t.test('a counter has a sample for each combination of labels', async (t) => {
  const calls = createCounter({ name: 'calls_total', help: 'Calls.', labels: ['operation', 'result'] })
  t.equal(expose([calls]), '# HELP calls_total Calls.\n# TYPE calls_total counter\n', 'none yet')
  calls.add(['Get', 'ok'])
  calls.add(['Get', 'ok'], 2)
  calls.add(['Get', 'failed'])
  t.equal(expose([calls]), [
    '# HELP calls_total Calls.',
    '# TYPE calls_total counter',
    'calls_total{operation="Get",result="ok"} 3',
    'calls_total{operation="Get",result="failed"} 1',
    ''
  ].join('\n'))
})

t.test('the buckets of a histogram are cumulative', async (t) => {
  const times = createHistogram({ name: 'time_seconds', help: 'Time.', labels: ['of'] }, [0.1, 1])
  for (const value of [0.05, 0.1, 0.5, 7]) times.observe(['a'], value)
  times.observe(['b'], 2)
  t.same(expose([times]).split('\n').slice(2), [
    'time_seconds_bucket{of="a",le="0.1"} 2',
    'time_seconds_bucket{of="a",le="1"} 3',
    'time_seconds_bucket{of="a",le="+Inf"} 4',
    'time_seconds_sum{of="a"} 7.65',
    'time_seconds_count{of="a"} 4',
    'time_seconds_bucket{of="b",le="0.1"} 0',
    'time_seconds_bucket{of="b",le="1"} 0',
    'time_seconds_bucket{of="b",le="+Inf"} 1',
    'time_seconds_sum{of="b"} 2',
    'time_seconds_count{of="b"} 1',
    ''
  ])
})

t.test('no label and no help can break a line', async (t) => {
  const name = 'odd'
  const samples = (): { labels: Record<string, string>, value: number }[] => [{ labels: { a: 'x"\n\\', b: '' }, value: -0.5 }]
  t.equal(expose([{ name, help: 'Two\nlines \\.', type: 'gauge', samples }]), [
    '# HELP odd Two\\nlines \\\\.',
    '# TYPE odd gauge',
    'odd{a="x\\"\\n\\\\",b=""} -0.5',
    ''
  ].join('\n'))
})
