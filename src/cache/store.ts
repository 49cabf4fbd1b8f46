import { LRUCache } from 'lru-cache'
import { getOrCreate } from '#src/collections/get-or-create'
import { emptySecret, unexpiredAt, type CachedSecret } from './cached-secret.ts'

/** A secret as one credential sees it. */
export interface Target {
  /** The secret's name in AWS. */
  readonly secret: string
  /** Identifies the secret, the region, and the callers that may share the cached answers. */
  readonly key: string
}

/** The cached answers, by secret. */
export interface Store {
  /** Returns the cached answers about a secret. */
  get: (target: Target) => CachedSecret
  /**
   * Replaces the cached answers about a secret. If the store is full, evicts the secrets that have not been read for the longest
   * time.
   */
  set: (target: Target, cached: CachedSecret) => void
  /** Drops the answers about a secret, in all regions and for all credentials. */
  drop: (secret: string) => void
  /** Returns the number of cached secrets, and the memory in bytes that their values take. */
  size: () => { secrets: number, bytes: number }
  /** Removes the answers that have expired at this time. */
  sweep: (time: number) => void
}

interface Entry {
  readonly target: Target
  readonly cached: CachedSecret
}

/** The memory, in bytes, that an answer takes in addition to its value: objects, labels, the ARN and entries in the indexes. */
const overhead = 1_024

/** Creates an empty store. @param maximumBytes the estimated memory that it may use */
export function createStore (maximumBytes: number): Store {
  const keysOf = new Map<string, Set<string>>()
  const entries = new LRUCache<string, Entry>({
    maxSize: maximumBytes,
    sizeCalculation: sizeOf,
    dispose ({ target: { secret, key } }, _key, reason) {
      if (reason === 'set') return
      const keys = keysOf.get(secret)
      keys?.delete(key)
      if (keys?.size === 0) keysOf.delete(secret)
    }
  })

  function set (target: Target, cached: CachedSecret): void {
    const { secret, key } = target
    if (cached.versions.length === 0 && cached.absences.length === 0 && cached.description === undefined) {
      entries.delete(key)
      return
    }
    entries.set(key, { target, cached })
    // The cache does not store an entry that is larger than the whole cache.
    if (entries.has(key)) getOrCreate(keysOf, secret, () => new Set<string>()).add(key)
  }

  return {
    get: ({ key }) => entries.get(key)?.cached ?? emptySecret,
    set,
    drop (secret) {
      for (const key of [...keysOf.get(secret) ?? []]) entries.delete(key)
    },
    size: () => ({ secrets: entries.size, bytes: entries.calculatedSize }),
    sweep (time) {
      for (const { target, cached } of [...entries.values()]) {
        const unexpired = unexpiredAt(cached, time)
        if (unexpired !== cached) set(target, unexpired)
      }
    }
  }
}

/** The multiple of a description's length that it takes in memory: AWS's text, and the objects that were parsed from it. */
const descriptionFactor = 4

const sizeOf = ({ target, cached: { versions, absences, description } }: Entry): number =>
  versions.reduce((sum, { secret: { content } }) => sum + overhead + Buffer.byteLength(content), target.key.length) +
  absences.length * overhead +
  (description === undefined ? 0 : overhead + descriptionFactor * description.body.length)
