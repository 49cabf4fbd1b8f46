import { Type, type Static } from '@sinclair/typebox'
import { closed } from '#src/schema/types'
import type { ConfigIssue } from './issues.ts'

const rate = {
  requestsPerSecond: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000, description: 'how many on average' })),
  burst: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000_000, description: 'how many at once' }))
}

const RateSchema = Type.Object(rate, closed)

/** The section `limits` of the file: of a caller, for an environment, and of an address whose requests have no caller. */
export const LimitsSchema = Type.Object({
  ...rate,
  perEnvironment: Type.Optional(RateSchema),
  unauthenticated: Type.Optional(RateSchema)
}, closed)

/** So many requests in a window, which begins with the first of them. */
export interface Limit {
  readonly requests: number
  /** Milliseconds. */
  readonly window: number
}

export interface Limits {
  /** Of one caller. */
  readonly caller: Limit
  /** For one environment, by all callers together. */
  readonly environment: Limit
  /** Of one address: failed authentications, and apart from them requests to public routes. */
  readonly address: Limit
}

/** Fills in the defaults: an environment's limits are ten times those of a caller. */
export function limitsFrom ({ perEnvironment, unauthenticated, ...declared }: Static<typeof LimitsSchema>): Limits {
  const { requestsPerSecond = 100 } = declared
  const caller = limitFrom(declared, requestsPerSecond, 2)
  return {
    caller,
    environment: limitFrom(perEnvironment, 10 * requestsPerSecond, caller.window / 1_000),
    address: limitFrom(unauthenticated, 10, 20)
  }
}

/**
 * The window is as long as the burst takes at the average rate, so that the average holds over many windows.
 *
 * @param average requests per second, where none are declared
 * @param seconds how many seconds' requests may come at once, where no burst is declared
 */
function limitFrom (declared: Static<typeof RateSchema> = {}, average: number, seconds: number): Limit {
  const { requestsPerSecond = average, burst = Math.ceil(seconds * requestsPerSecond) } = declared
  return { requests: burst, window: 1_000 * burst / requestsPerSecond }
}

const shortest = 1_000
const longest = 60 * 60 * 1_000

/** What a schema can't see. */
export function* limitIssues ({ limits }: { limits: Limits }): Generator<ConfigIssue> {
  const { caller, environment, address } = limits
  const keys = { limits: caller, 'limits.perEnvironment': environment, 'limits.unauthenticated': address }
  for (const [key, { requests, window }] of Object.entries(keys)) {
    if (window >= shortest && window <= longest) continue
    yield { key: `${key}.burst`, found: String(requests), expected: 'as many as come in a second at least, and in an hour at most' }
  }
  const average = ({ requests, window }: Limit): number => requests / window
  const isMore = environment.requests > caller.requests && average(environment) > average(caller)
  if (!isMore) yield { key: 'limits.perEnvironment', found: 'what one caller could use up', expected: 'more than the limits of a caller' }
}
