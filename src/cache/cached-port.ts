import type { SecretsPort } from '#src/aws/port'
import { droppingWrites, settlingTimes } from './dropping-writes.ts'
import { createMemory } from './memory.ts'
import { createReader, type Reader } from './reader.ts'
import type { CacheOptions } from './settings.ts'

/** The cache of secrets' values, in front of the port to AWS. */
export interface Cache extends Pick<Reader, 'preload'> {
  /** The port whose reads are answered from memory if the call allows it, and if possible. */
  readonly port: SecretsPort
  /** Drops a secret that has been changed elsewhere. @param secret its name in AWS */
  invalidate: (secret: string) => void
  /** Drops everything. @param maximumBytes the memory for values from now on */
  clear: (maximumBytes: number) => void
  /** Drops the values whose time is over. */
  sweep: () => void
  /** Returns how many secrets are kept, and the memory in bytes that they take. */
  size: () => { secrets: number, bytes: number }
  /** Drops everything, and ends the renewals that are under way. */
  close: () => void
}

/** Puts a cache in front of a port. */
export function createCache (port: SecretsPort, options: CacheOptions): Cache {
  const { maximumBytes, monotonic } = options
  const memory = createMemory(maximumBytes, monotonic)
  const stop = new AbortController()
  const { getSecretValue, preload } = createReader(port, memory, options, stop.signal)
  return {
    port: {
      ...port,
      ...droppingWrites(port, memory),
      getSecretValue
    },
    preload,
    invalidate (secret) { memory.changed(secret, settlingTimes.write) },
    clear: memory.clear,
    size: () => memory.store.size(),
    sweep () { memory.store.sweep(monotonic()) },
    close () {
      stop.abort()
      memory.clear(maximumBytes)
    }
  }
}
