import type { Monotonic } from '#src/clock'
import type { Environment } from '#src/environments/environment'
import type { After } from '#src/scheduling/timeouts'
import type { Change } from './change.ts'

/** The times for which the values of an environment are cached, in milliseconds. */
export interface Times {
  /** The time for which a value is used without calling AWS again. With 0, no value of the environment is cached. */
  readonly ttl: number
  /** The additional time for which a stale value is used if AWS does not answer. */
  readonly staleIfError: number
}

/** The settings of the cache. The functions return the settings of the current configuration. */
export interface CacheOptions {
  readonly timesOf: (environment: Environment) => Times
  /** Returns true if each caller has its own session with the credential. */
  readonly hasSessions: (credentialId: string) => boolean
  /** Returns true if a value that one caller's session has read may be given to other callers. */
  readonly sharesReads: (credentialId: string) => boolean
  /** The maximum memory for values, in bytes. */
  readonly maximumBytes: number
  readonly monotonic: Monotonic
  /** Returns a random number from 0 to 1. It spreads the renewals of values that were read at the same time. */
  readonly random?: () => number
  /** Defaults to a timer of Node.js. */
  readonly after?: After
  /** Schedules the next reads of watched secrets. */
  readonly schedule: After
  /** Called with each change of a secret that this process makes or detects. */
  readonly announce?: (change: Change) => void
  /** Called with the number of calls to AWS that were saved by sharing a call between reads. */
  readonly onShared?: (saved: number) => void
  /** True if traces may be recorded. */
  readonly isTraced?: boolean
}

/** The maximum time to live of a description, in milliseconds. */
export const descriptionTtl = 60_000

/** The time to live of the answer that a secret or a version does not exist, in milliseconds. */
export const absenceTime = 5_000

/** The time to live of a value that was read while its secret was settling, in milliseconds. */
export const settlingTtl = 1_000

/** The time, in milliseconds, for which stale values are used without calling AWS, after AWS has not answered. */
export const pauseAfterFailure = 5_000
