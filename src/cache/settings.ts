import type { Monotonic } from '#src/clock'
import type { Environment } from '#src/environments/environment'
import type { After } from './gathering.ts'

/** How long the values of an environment are used, in milliseconds. */
export interface Times {
  /** The time for which a value is used without asking AWS again. 0 means that no value of the environment is kept. */
  readonly ttl: number
  /** The time for which a value is used after that if AWS does not answer. */
  readonly staleIfError: number
}

/** The settings of the cache. The functions return what the current configuration says. */
export interface CacheOptions {
  readonly timesOf: (environment: Environment) => Times
  /** Returns true if each caller has a session of its own with the credential. */
  readonly hasSessions: (credentialId: string) => boolean
  /** Returns true if a value that one caller's session has read may be given to other callers. */
  readonly sharesReads: (credentialId: string) => boolean
  /** The memory for values, in bytes. */
  readonly maximumBytes: number
  readonly monotonic: Monotonic
  /** Returns a random number from 0 to 1, so that values which were read together are not renewed together. */
  readonly random?: () => number
  /** Defaults to a timer of Node.js. */
  readonly after?: After
}

/** The time in milliseconds for which the answer is used that a secret or a version does not exist. */
export const absenceTime = 5_000

/** The time in milliseconds for which a value is used that was read while its secret was settling. */
export const settlingTtl = 1_000

/** The time in milliseconds for which a kept value is used without asking again, after AWS has not answered. */
export const pauseAfterFailure = 5_000
