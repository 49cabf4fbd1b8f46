import { setTimeout as delay } from 'node:timers/promises'
import { errors } from '#src/aws-protocol/errors'
import { punctual, type Lateness } from '#src/local-backend/rules/lateness'
import type { Store } from '#src/local-backend/store/store'
import { ConnectionReset } from './connection-reset.ts'
import { createDraws } from './draws.ts'
import { createReader } from './readers.ts'

/** Options of a backend that is as late as AWS and fails as often. */
export interface RealisticOptions {
  /** The same seed and the same calls in the same order have the same delays and failures. */
  seed: string
  /** Waits for this number of milliseconds, for the latency of calls; a timer by default. */
  wait?: (milliseconds: number) => Promise<void>
}

/** What distinguishes a real AWS from an ideal one. */
export interface Realism {
  lateness: Lateness
  /** Returns the store as an operation that only reads sees it. */
  view: (operation: string) => Store
  /** Returns true if AWS throttles the next call. */
  throttles: () => boolean
  /**
   * Carries out a call late, or not at all.
   *
   * @throws AwsError `InternalServiceError`, which does not say whether the call has been carried out
   * @throws ConnectionReset after the call has been carried out
   */
  carryOut: <Output>(call: () => Output) => Promise<Output>
  /** Shows all changes so far to all readers. */
  settle: () => void
  close: () => void
}

/** An AWS in which every change is seen at once, and nothing fails. */
export function ideal (store: Store): Realism {
  return {
    lateness: punctual,
    view: () => store,
    throttles: () => false,
    carryOut: async (call) => call(),
    settle: () => undefined,
    close: () => undefined
  }
}

/** The number of readers that may each be up to date or late. A caller can't know which of them answers. */
const readerCount = 3

/** The operations that read an index of all secrets. It is updated later than the secrets themselves. */
const listings: ReadonlySet<string> = new Set(['ListSecrets'])

/**
 * Creates an AWS that is as late, and fails as often, as the table says.
 *
 * @param store must still be empty
 * @param now the clock of the backend, in milliseconds since the epoch
 */
export function realistic (store: Store, now: () => number, { seed, wait = delay }: RealisticOptions): Realism {
  const draws = createDraws(seed)
  const readers = Array.from({ length: readerCount }, () => createReader(store, now, () => draws.delay('visibility')))
  const listReaders = Array.from({ length: readerCount }, () => createReader(store, now, () => draws.delay('listing')))
  const all = [...readers, ...listReaders]
  return {
    lateness: {
      forcedDeletion: () => draws.delay('forcedDeletion'),
      replication: () => draws.delay('replication'),
      replicationFails: () => draws.happens('failedReplication'),
      rotationStepFails: () => draws.happens('failedRotationStep'),
      pageLength (maxResults) {
        if (draws.happens('emptyPage')) return 0
        return draws.happens('shortPage') ? 1 + draws.below(maxResults, 'pageLength') : maxResults
      }
    },
    view (operation) {
      const candidates = listings.has(operation) ? listReaders : readers
      const reader = candidates[draws.below(readerCount, 'reader')]
      return reader?.at(now()) ?? store
    },
    throttles: () => draws.happens('throttling'),
    async carryOut (call) {
      await wait(draws.delay('latency'))
      const fails = draws.happens('failure')
      if (fails && draws.below(2, 'failure before') === 1) throw errors.internal()
      const output = call()
      if (fails) throw errors.internal()
      if (draws.happens('reset')) throw new ConnectionReset()
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
