import { createCounter } from './families.ts'
import type { Metrics } from './metrics.ts'

/** The functions through which jobs are measured. */
export interface JobsReport {
  /** A job has changed its replica, as seen from this one. */
  readonly handedOver: (event: 'taken-over' | 'lost' | 'left') => void
}

/** Reports the jobs that change their replica. */
export function reportJobs ({ add }: Pick<Metrics, 'add'>): JobsReport {
  const handovers = createCounter({
    name: 'secrets_gateway_job_handovers_total', help: 'Jobs that this replica has taken over, lost or left to others.', labels: ['event']
  })
  add([handovers])
  return { handedOver (event) { handovers.add([event]) } }
}
