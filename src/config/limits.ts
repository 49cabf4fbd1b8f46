import { Type, type Static } from '@sinclair/typebox'
import { closed } from '#src/schema/types'
import type { ConfigIssue } from './issues.ts'

const rate = {
  requestsPerSecond: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000, description: 'the average rate' })),
  burst: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000_000, description: 'the maximum number of requests at once' }))
}

const RateSchema = Type.Object(rate, closed)

/** The `limits` section of the configuration file: rate limits per caller, per environment, and for unauthenticated requests. */
export const LimitsSchema = Type.Object({
  ...rate,
  perEnvironment: Type.Optional(RateSchema),
  refreshes: Type.Optional(RateSchema),
  unauthenticated: Type.Optional(RateSchema)
}, closed)

/** A rate limit: a number of requests in a fixed window, which starts with the first request. */
export interface Limit {
  readonly requests: number
  /** The length of the window, in milliseconds. */
  readonly window: number
}

/** The rate limits, with their defaults filled in. */
export interface Limits {
  /** The limit of each caller. */
  readonly caller: Limit
  /** The limit of each environment, for all callers together. */
  readonly environment: Limit
  /** The limit of each caller for reads that must ask AWS, even if the value is cached. */
  readonly refresh: Limit
  /** The limit for each IP address. It applies to failed authentications and, separately, to requests to public routes. */
  readonly address: Limit
}

type DeclaredRate = Static<typeof RateSchema>

/**
 * Fills in the defaults. An environment's default rate is ten times a caller's rate. If only a burst is configured, and it is
 * less than the default rate, the burst also becomes the rate.
 */
export function limitsFrom ({ perEnvironment, refreshes, unauthenticated, ...declared }: Static<typeof LimitsSchema>): Limits {
  const average = averageOf(declared, 100)
  const caller = limitFrom(declared, average, 2)
  return {
    caller,
    environment: limitFrom(perEnvironment, 10 * average, caller.window / 1_000),
    refresh: limitFrom(refreshes, 10, 10),
    address: limitFrom(unauthenticated, 10, 20)
  }
}

const averageOf = ({ requestsPerSecond, burst = Infinity }: DeclaredRate, standard: number): number =>
  requestsPerSecond ?? Math.min(standard, burst)

/**
 * Computes a limit: `burst` requests in a window of `burst / requestsPerSecond` seconds. In the long run, this allows
 * `requestsPerSecond`.
 *
 * @param standard the default for `requestsPerSecond`
 * @param seconds the length of the window if `burst` isn't declared; if `burst` is rounded up, the window is slightly longer
 */
function limitFrom (declared: DeclaredRate = {}, standard: number, seconds: number): Limit {
  const average = averageOf(declared, standard)
  const { burst = Math.ceil(seconds * average) } = declared
  return { requests: burst, window: 1_000 * burst / average }
}

/** The minimum and the maximum length of a window, in milliseconds. */
const minimumWindow = 1_000
const maximumWindow = 60 * 60 * 1_000

/** Yields the issues that a schema can't detect. */
export function* limitIssues ({ limits }: { limits: Limits }): Generator<ConfigIssue> {
  const { caller, environment, refresh, address } = limits
  const keys = {
    limits: caller, 'limits.perEnvironment': environment, 'limits.refreshes': refresh, 'limits.unauthenticated': address
  }
  for (const [key, { requests, window }] of Object.entries(keys)) {
    if (window >= minimumWindow && window <= maximumWindow) continue
    // The message has both numbers, because the configuration may contain only one of them.
    const found = `a burst of ${requests} requests, at the average rate ${window / 1_000} seconds of requests`
    yield { key, found, expected: 'a burst of at least one second and at most one hour of requests' }
  }
  const average = ({ requests, window }: Limit): number => requests / window
  const isHigher = environment.requests > caller.requests && average(environment) > average(caller)
  if (!isHigher) yield { key: 'limits.perEnvironment', found: 'a limit that one caller could use up', expected: 'more than the limits of a caller' }
}
