import type { Limit } from '#src/config/limits'

/** The state of a window after a request was counted. */
export interface Counted {
  /** False if the request exceeds the limit. */
  readonly isAllowed: boolean
  /** The limit that applies. It is lower than the configured limit while several replicas have to divide it. */
  readonly requests: number
  /** The number of further requests that the window allows. */
  readonly remaining: number
  /** The time until the window ends, in milliseconds. */
  readonly left: number
}

/**
 * Counts a request against a key. A key's window begins with its first request, and the next window with the first request after
 * the end of the previous one. Returns a promise only if the count has to wait for other replicas.
 */
export type RequestCounter = (key: string, limit: Limit) => Counted | Promise<Counted>

/** The maximum number of keys that one counter keeps. Beyond it, the least recently used key is evicted. */
export const maximumKeys = 5_000
