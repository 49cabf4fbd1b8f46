import { Type, type Static } from '@sinclair/typebox'
import { cacheTimes } from '#src/environments/environment'
import { AwsString, closed, Id } from '#src/schema/types'

/** A queue of Amazon SQS that receives the events of Secrets Manager, and the credential that it is read with. */
const EventsSchema = Type.Object({
  queueUrl: Type.String({ maxLength: 2048, pattern: '^https?://[^/?#]+/[^?#]+$', description: 'the queue\'s URL, as SQS shows it' }),
  region: AwsString('RegionType'),
  credential: Id()
}, closed)

/** The `cache` section of the configuration file. An environment may override the times. */
export const CacheSchema = Type.Object({
  ...cacheTimes,
  maximumBytes: Type.Optional(Type.Integer({ minimum: 1_048_576, description: 'the memory for values, in bytes' })),
  events: Type.Optional(Type.Array(EventsSchema, { maxItems: 100 }))
}, closed)

/** The settings of the cache, with their defaults filled in. */
export type CacheSettings = Required<Static<typeof CacheSchema>>

// By default, an AWS outage does not prolong the time to live: a value that AWS has not confirmed is not returned.
const defaults: CacheSettings = { ttlSeconds: 300, staleIfErrorSeconds: 0, maximumBytes: 64 * 1024 * 1024, events: [] }

/** Fills in the defaults of the `cache` section. */
export const cacheFrom = (declared: Static<typeof CacheSchema>): CacheSettings => ({ ...defaults, ...declared })
