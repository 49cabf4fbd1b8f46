import type { Gates, NamedGate } from '#src/admission/admission'
import { requestQuotas } from '#src/aws-model/limits'
import type { Cache } from '#src/cache/cached-port'
import type { Metrics } from './metrics.ts'

const place = ['credential', 'region'] as const
const priorities = ['foreground', 'background'] as const

/** Reports the queues, slots, breakers and quotas of each credential and region. */
export function reportGates ({ gauge }: Pick<Metrics, 'gauge'>, { all }: Pick<Gates, 'all'>): void {
  type Labels = Readonly<Record<(typeof place)[number], string>>
  const ofGates = <T>(read: (gate: NamedGate, labels: Labels) => readonly T[]) => (): T[] =>
    Array.from(all()).flatMap((gate) => read(gate, { credential: gate.credentialId, region: gate.region }))

  gauge({ name: 'secrets_gateway_aws_queue_length', help: 'Calls that are waiting for a slot or a quota.', labels: [...place, 'priority'] },
    ofGates(({ lane: { load } }, labels) =>
      priorities.map((priority) => ({ labels: { ...labels, priority }, value: load(priority).waiting }))))
  gauge({ name: 'secrets_gateway_aws_slots_used', help: 'Calls in progress.', labels: [...place, 'priority'] },
    ofGates(({ lane: { load } }, labels) =>
      priorities.map((priority) => ({ labels: { ...labels, priority }, value: load(priority).held }))))
  gauge({ name: 'secrets_gateway_aws_breaker_open', help: '1 while calls are refused because AWS does not answer.', labels: place },
    ofGates(({ breaker }, labels) => [{ labels, value: breaker.wait() > 0 ? 1 : 0 }]))
  gauge({ name: 'secrets_gateway_aws_quota_headroom_ratio', help: 'Unused fraction of a quota, from 0 to 1.', labels: [...place, 'operations'] },
    ofGates(({ lane }, labels) => requestQuotas.map(({ operations }) =>
      ({ labels: { ...labels, operations: operations.join(' ') }, value: lane.headroom(operations[0] ?? '') }))))
}

/** Reports the size of the cache. */
export function reportCache ({ gauge }: Pick<Metrics, 'gauge'>, { size }: Pick<Cache, 'size'>): void {
  gauge({ name: 'secrets_gateway_cache_bytes', help: 'Memory used by the cached values and descriptions.', labels: [] },
    () => [{ labels: {}, value: size().bytes }])
  gauge({ name: 'secrets_gateway_cache_secrets', help: 'Cached secrets, counted once per credential or, with shareReads: false, per caller.', labels: [] },
    () => [{ labels: {}, value: size().secrets }])
  gauge({ name: 'secrets_gateway_watched_secrets', help: 'Secrets that are watched for changes, counted like the cached ones.', labels: [] },
    () => [{ labels: {}, value: size().watched }])
}
