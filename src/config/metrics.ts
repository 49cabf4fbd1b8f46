import { Type, type Static } from '@sinclair/typebox'
import { closed } from '#src/schema/types'

/** The `server.metrics` section of the configuration file: where the gateway reports its metrics. */
export const MetricsSchema = Type.Object({
  host: Type.Optional(Type.String({ minLength: 1 })),
  port: Type.Integer({ minimum: 0, maximum: 65_535 })
}, closed)

/** The address of the metrics' listener. */
export interface MetricsAddress {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
}

/** Fills in the default: metrics need no token, so they are reported to this machine alone unless another address is declared. */
export const metricsFrom = ({ host = '127.0.0.1', port }: Static<typeof MetricsSchema>): MetricsAddress => ({ host, port })
