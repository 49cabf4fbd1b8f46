import { Type, type Static } from '@sinclair/typebox'
import { closed } from '#src/schema/types'

/** The `log` section of the configuration file. */
export const LogSchema = Type.Object({
  cacheHits: Type.Optional(Type.Number({ minimum: 0, maximum: 1 }))
}, closed)

/** The settings of the log, with their defaults filled in. */
export interface LogSettings {
  /** The share, from 0 to 1, of the successful reads from the cache that get a line. They are chosen at random. */
  readonly cacheHits: number
}

/** Fills in the defaults of the `log` section. */
export const logFrom = ({ cacheHits = 1 }: Static<typeof LogSchema>): LogSettings => ({ cacheHits })
