import type { Trail } from '#src/audit/trail'
import type { Family } from './families.ts'

/** Returns the metrics of the audit trail. */
export function trailMetrics (trail: Pick<Trail, 'isWritable' | 'state'>): Family[] {
  const family = (name: string, help: string, type: Family['type'], read: () => number): Family =>
    ({ name: `secrets_gateway_audit_${name}`, help, type, samples: () => [{ labels: {}, value: read() }] })
  return [
    family('writable', '0 while requests are refused because the trail cannot be written.', 'gauge', () => trail.isWritable ? 1 : 0),
    family('waiting', 'Requests whose records are waiting to be written.', 'gauge', () => trail.state.waiting),
    family('written_total', 'Requests whose records have been written.', 'counter', () => trail.state.written),
    family('refused_total', 'Requests that were refused because their records could not be written.', 'counter', () => trail.state.refused),
    family('writes_total', 'Writes, each with the records of many requests.', 'counter', () => trail.state.writes),
    family('write_seconds_total', 'Total duration of the writes.', 'counter', () => trail.state.writing / 1_000)
  ]
}
