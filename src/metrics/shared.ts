import type { Failure } from '#src/shared/failures'
import type { Shared } from '#src/shared/shared'
import { createCounter, createHistogram } from './families.ts'
import type { Metrics } from './metrics.ts'

/** The upper bounds of the buckets for commands, in seconds. */
const times = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]

/** The functions through which the shared state is measured. */
export interface SharedReport {
  readonly command: (seconds: number, failure?: Failure) => void
  /** Counts a message that was not sent by a replica with the same key. */
  readonly foreignMessage: () => void
  /** Adds the gauges of the state. */
  readonly state: (shared: Pick<Shared, 'isUp' | 'replicas'>) => void
}

/** Reports whether the shared state can be used, and the results of its commands. */
export function reportShared ({ add, gauge }: Pick<Metrics, 'add' | 'gauge'>): SharedReport {
  const durations = createHistogram({
    name: 'secrets_gateway_shared_command_duration_seconds', help: 'Duration of a command to the shared state.', labels: []
  }, times)
  const failures = createCounter({
    name: 'secrets_gateway_shared_failures_total', help: 'Commands to the shared state that have failed.', labels: ['reason']
  })
  let foreign = 0
  add([durations, failures, {
    name: 'secrets_gateway_shared_foreign_messages_total',
    help: 'Messages that no replica with the same key has sent.',
    type: 'counter',
    samples: () => [{ labels: {}, value: foreign }]
  }])
  return {
    command (seconds, failure) {
      durations.observe([], seconds)
      if (failure !== undefined) failures.add([failure])
    },
    foreignMessage () { foreign += 1 },
    state ({ isUp, replicas }) {
      gauge({ name: 'secrets_gateway_shared_up', help: '1 while the shared state can be used.', labels: [] },
        () => [{ labels: {}, value: isUp() ? 1 : 0 }])
      gauge({ name: 'secrets_gateway_replicas', help: 'Replicas of the gateway, as last known.', labels: [] },
        () => [{ labels: {}, value: replicas() }])
    }
  }
}
