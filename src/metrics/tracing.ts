import type { SpanCounts } from '#src/tracing/span-queue'
import type { Family } from './families.ts'

/** Returns the metrics of the export of spans. */
export const tracingMetrics = (counts: () => SpanCounts): Family[] => [
  {
    name: 'secrets_gateway_spans_total',
    help: 'Spans of traces, by what became of them.',
    type: 'counter',
    samples () {
      const { exported, dropped, failed } = counts()
      return Object.entries({ exported, dropped, failed }).map(([result, value]) => ({ labels: { result }, value }))
    }
  },
  {
    name: 'secrets_gateway_spans_waiting',
    help: 'Spans that wait to be exported.',
    type: 'gauge',
    samples: () => [{ labels: {}, value: counts().waiting }]
  }
]
