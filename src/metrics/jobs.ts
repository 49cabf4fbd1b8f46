import { createCounter } from './families.ts'
import type { Metrics } from './metrics.ts'

/** The functions through which jobs are measured. */
export interface JobsReport {
  /** Called when a job moves between replicas. `event` is the change from this replica's point of view. */
  readonly handedOver: (event: 'taken-over' | 'lost' | 'left') => void
}

/** Reports the jobs that move between replicas. */
export function reportJobs ({ add }: Pick<Metrics, 'add'>): JobsReport {
  const handovers = createCounter({
    name: 'secrets_gateway_job_handovers_total', help: 'Jobs that this replica has taken over, lost or left to others.', labels: ['event']
  })
  add([handovers])
  return { handedOver (event) { handovers.add([event]) } }
}
