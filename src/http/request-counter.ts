import type { Limit } from '#src/config/limits'

/** The state of a window after a request was counted. */
export interface Counted {
  /** False if the request exceeds the limit. */
  readonly isAllowed: boolean
  /** The limit that applies. It is lower than the configured one while several replicas have to divide it. */
  readonly requests: number
  /** The number of further requests that the window allows. */
  readonly remaining: number
  /** The time until the window ends, in milliseconds. */
  readonly left: number
}

/**
 * Counts a request of a key. A key's window begins with its first request, and the next window with the first request after its
 * end. Returns a promise only if the count has to wait for other replicas.
 */
export type RequestCounter = (key: string, limit: Limit) => Counted | Promise<Counted>

/** The maximum number of keys that one counter keeps. To make room for another key, it evicts the least recently used one. */
export const maximumKeys = 5_000
