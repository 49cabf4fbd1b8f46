import { Type, type Static } from '@sinclair/typebox'
import { closed } from '#src/schema/types'

/** The `server.metrics` section of the configuration file: where the gateway reports its metrics. */
export const MetricsSchema = Type.Object({
  host: Type.Optional(Type.String({ minLength: 1 })),
  port: Type.Integer({ minimum: 0, maximum: 65_535 })
}, closed)

/** The address on which the gateway serves its metrics. */
export interface MetricsAddress {
  readonly host: string
  /** With 0, the operating system chooses a free port. */
  readonly port: number
}

/** Fills in the default host. The metrics need no token, so by default they are served only to this machine. */
export const metricsFrom = ({ host = '127.0.0.1', port }: Static<typeof MetricsSchema>): MetricsAddress => ({ host, port })
