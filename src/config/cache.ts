import { Type, type Static } from '@sinclair/typebox'
import { cacheTimes } from '#src/environments/environment'
import { closed } from '#src/schema/types'

/** The `cache` section of the configuration file. An environment may override the times. */
export const CacheSchema = Type.Object({
  ...cacheTimes,
  maximumBytes: Type.Optional(Type.Integer({ minimum: 1_048_576, description: 'the memory for values, in bytes' }))
}, closed)

/** The settings of the cache, with their defaults filled in. */
export type CacheSettings = Required<Static<typeof CacheSchema>>

// By default, an AWS outage does not prolong the time to live: a value that AWS has not confirmed is not returned.
const defaults: CacheSettings = { ttlSeconds: 300, staleIfErrorSeconds: 0, maximumBytes: 64 * 1024 * 1024 }

/** Fills in the defaults of the `cache` section. */
export const cacheFrom = (declared: Static<typeof CacheSchema>): CacheSettings => ({ ...defaults, ...declared })
