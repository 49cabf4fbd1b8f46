import { Type, type Static } from '@sinclair/typebox'
import { closed } from '#src/schema/types'

/** The `server.overload` section of the configuration file: the load above which requests are refused. */
export const OverloadSchema = Type.Object({
  heapShare: Type.Optional(Type.Number({ minimum: 0.5, maximum: 0.95 })),
  loopDelayMilliseconds: Type.Optional(Type.Number({ minimum: 50, maximum: 60_000 }))
}, closed)

/** The load above which requests are refused. */
export interface OverloadLimits {
  /** The fraction of V8's heap limit that may be in use, from 0 to 1. */
  readonly heapShare: number
  /** The mean delay of the event loop above which requests are refused, in milliseconds. */
  readonly loopDelay: number
}

/**
 * Fills in the defaults of the `server.overload` section.
 *
 * V8 collects garbage when the heap has grown halfway from the size of its live objects to the limit. So more than 85 percent of
 * the limit can be in use only if most of the heap is live objects, not garbage.
 */
export function overloadFrom (declared: Static<typeof OverloadSchema>): OverloadLimits {
  const { heapShare = 0.85, loopDelayMilliseconds = 1_000 } = declared
  return { heapShare, loopDelay: loopDelayMilliseconds }
}
