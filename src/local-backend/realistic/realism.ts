import { setTimeout as delay } from 'node:timers/promises'
import { errors } from '#src/aws-protocol/errors'
import { noFaults, type SimulatedFaults } from '#src/local-backend/rules/simulated-faults'
import type { Store } from '#src/local-backend/store/store'
import { ConnectionReset } from './connection-reset.ts'
import { createSeededRandom } from './seeded-random.ts'
import { createReader } from './readers.ts'

/** The options of a realistic backend, which has delays and failures like AWS. */
export interface RealisticOptions {
  /** With the same seed, the same calls in the same order have the same delays and failures. */
  seed: string
  /** Waits for this number of milliseconds to simulate the latency of a call. Uses a timer by default. */
  wait?: (milliseconds: number) => Promise<void>
}

/** The delays and failures of a backend. */
export interface Realism {
  faults: SimulatedFaults
  /** Returns the store for an operation that only reads. The store may lag behind. */
  view: (operation: string) => Store
  /** Returns true if AWS throttles the next call. */
  throttles: () => boolean
  /**
   * Carries out a call after a delay like AWS's latency, or fails like AWS:
   *
   * @throws AwsError `InternalServiceError`, whether or not the call has been carried out
   * @throws ConnectionReset after the call has been carried out
   */
  carryOut: <Output>(call: () => Output) => Promise<Output>
  /** Makes all changes so far visible to all reads. */
  settle: () => void
  close: () => void
}

/** Returns the behaviour of a backend in which every change is visible at once, and nothing fails by chance. */
export function ideal (store: Store): Realism {
  return {
    faults: noFaults,
    view: () => store,
    throttles: () => false,
    carryOut: async (call) => call(),
    settle: () => undefined,
    close: () => undefined
  }
}

/** The number of readers, each of which may lag behind. A caller can't know which reader answers. */
const readerCount = 3

/** The operations that read an index of all secrets. AWS updates this index later than the secrets themselves. */
const listings: ReadonlySet<string> = new Set(['ListSecrets'])

/**
 * Returns the behaviour of a backend with the delays and failures in the table.
 *
 * @param store must still be empty
 * @param now the clock of the backend, in milliseconds since the epoch
 */
export function realistic (store: Store, now: () => number, { seed, wait = delay }: RealisticOptions): Realism {
  const random = createSeededRandom(seed)
  const readers = Array.from({ length: readerCount }, () => createReader(store, now, () => random.delay('visibility')))
  const listReaders = Array.from({ length: readerCount }, () => createReader(store, now, () => random.delay('listing')))
  const all = [...readers, ...listReaders]
  return {
    faults: {
      forcedDeletionDelay: () => random.delay('forcedDeletion'),
      replicationDelay: () => random.delay('replication'),
      replicationFails: () => random.happens('failedReplication'),
      rotationStepFails: () => random.happens('failedRotationStep'),
      pageLength (maxResults) {
        if (random.happens('emptyPage')) return 0
        return random.happens('shortPage') ? 1 + random.below(maxResults, 'pageLength') : maxResults
      }
    },
    view (operation) {
      const candidates = listings.has(operation) ? listReaders : readers
      const reader = candidates[random.below(readerCount, 'reader')]
      return reader?.at(now()) ?? store
    },
    throttles: () => random.happens('throttling'),
    async carryOut (call) {
      await wait(random.delay('latency'))
      const fails = random.happens('failure')
      if (fails && random.below(2, 'failure before') === 1) throw errors.internal()
      const output = call()
      if (fails) throw errors.internal()
      if (random.happens('reset')) throw new ConnectionReset()
      return output
    },
    settle () {
      for (const reader of all) reader.settle()
    },
    close () {
      for (const reader of all) reader.close()
    }
  }
}
