import type { Gateway } from './helper.ts'
import { until } from './until.ts'

/** Returns the number of requests that wait at a gateway: reads, or event streams. */
export function waiting ({ fastify }: Gateway, kind: 'read' | 'event-stream' = 'read'): number {
  const [, count] = new RegExp(`^secrets_gateway_waiting_requests\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(fastify.metrics.text()) ?? []
  return Number(count)
}

/** Resolves when this number of requests waits. */
export const untilWaiting = async (gateway: Gateway, count: number, kind?: 'read' | 'event-stream'): Promise<void> =>
  until(() => waiting(gateway, kind) === count)
