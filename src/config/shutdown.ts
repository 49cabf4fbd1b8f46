import { Type, type Static } from '@sinclair/typebox'
import type { AwsSettings } from '#src/aws/settings'
import { closed } from '#src/schema/types'
import type { ConfigIssue } from './issues.ts'

/** The `server.shutdown` section of the configuration file: the times of the graceful shutdown. */
export const ShutdownSchema = Type.Object({
  delaySeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 300 })),
  graceSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 3_600 }))
}, closed)

/** The settings of the graceful shutdown. Times are in milliseconds. */
export interface ShutdownTimes {
  /**
   * The time for which new connections are still served after the signal, so that load balancers notice that the gateway is not
   * ready.
   */
  readonly delay: number
  /** The time for which requests and jobs may still run after `delay`. */
  readonly grace: number
}

/**
 * The maximum number of attempts at a call to AWS. Each attempt may wait in the queue, which adds to a call's longest duration.
 */
const attempts = 3

/** Fills in the defaults of the `server.shutdown` section. */
export const shutdownFrom = ({ delaySeconds = 5, graceSeconds = 20 }: Static<typeof ShutdownSchema>): ShutdownTimes =>
  ({ delay: 1_000 * delaySeconds, grace: 1_000 * graceSeconds })

/** Yields the issues that a schema can't detect. */
export function* shutdownIssues (
  { grace }: ShutdownTimes, { deadline, queueTime, stsDeadline }: AwsSettings
): Generator<ConfigIssue> {
  const longestCall = Math.max(deadline + attempts * queueTime, stsDeadline)
  if (grace > longestCall) return
  const expected = `more than ${longestCall / 1_000}, because a call to AWS may take that long`
  yield { key: 'server.shutdown.graceSeconds', found: String(grace / 1_000), expected }
}
