import type { SecretsPort } from '#src/aws/port'
import type { Change } from './change.ts'
import { createDescriber } from './descriptions.ts'
import { droppingWrites, settlingTimes } from './dropping-writes.ts'
import { createMemory } from './memory.ts'
import { createReader, type Reader } from './reader.ts'
import type { CacheOptions } from './settings.ts'
import { traceRead, type Read } from './trace-reads.ts'
import type { Watches } from './watches.ts'

/** The cache of secrets' values and descriptions, in front of the port to AWS. */
export interface Cache extends Pick<Reader, 'preload' | 'keeps'> {
  /** The port. Its reads are answered from the cache if the call allows it and the cache has a usable answer. */
  readonly port: SecretsPort
  /** Drops a secret that was changed outside the gateway, and announces the change. @param secret its name in AWS */
  invalidate: (secret: string) => void
  /** Drops a secret that another replica has changed or is about to change. */
  learn: (change: Change) => void
  /** Empties the cache, because changes may have been missed. Reads the watched secrets again. */
  flush: () => void
  /** Empties the cache. @param maximumBytes the new limit on the memory for values */
  clear: (maximumBytes: number) => void
  /** Removes the expired answers. */
  sweep: () => void
  /** Watches a secret for changes of its current version. */
  watch: Watches['open']
  /** Calls a function with the AWS name of each secret that may have changed, whether it is watched or not. */
  onChange: Watches['onReview']
  /** Returns the numbers of cached and of watched secrets, and the memory in bytes that the cached values take. */
  size: () => { secrets: number, watched: number, bytes: number }
  /** Empties the cache, and ends the renewals in progress. */
  close: () => void
}

/** Puts a cache in front of a port. */
export function createCache (port: SecretsPort, options: CacheOptions): Cache {
  const { monotonic, announce = () => undefined } = options
  let { maximumBytes } = options
  const memory = createMemory(maximumBytes, monotonic)
  const stop = new AbortController()
  const { getSecretValue, preload, watches, keeps } = createReader(port, memory, options, stop.signal)
  const traced = <Rest extends unknown[], Result>(read: Read<Rest, Result>): Read<Rest, Result> =>
    options.isTraced === true ? traceRead(read) : read

  function learn ({ secret, settlingTime, isMade }: Change): void {
    memory.changed(secret, settlingTime)
    if (isMade) watches.review(secret)
  }

  function apply (change: Change): void {
    learn(change)
    announce(change)
  }

  return {
    port: {
      ...port,
      ...droppingWrites(port, apply),
      getSecretValue: traced(getSecretValue),
      describeSecret: traced(createDescriber(port, memory, options))
    },
    preload,
    keeps,
    watch: watches.open,
    onChange: watches.onReview,
    invalidate (secret) { apply({ secret, settlingTime: settlingTimes.write, isMade: true }) },
    learn,
    flush () {
      memory.clear(maximumBytes)
      watches.reviewAll()
    },
    clear (nextMaximum) {
      maximumBytes = nextMaximum
      memory.clear(maximumBytes)
    },
    size: () => ({ ...memory.store.size(), watched: watches.size() }),
    sweep () { memory.store.sweep(monotonic()) },
    close () {
      stop.abort()
      memory.clear(maximumBytes)
    }
  }
}
