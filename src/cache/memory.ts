import type { Monotonic } from '#src/clock'
import { createFlights, type Flights } from './flights.ts'
import { createSettling, type Settling } from './settling.ts'
import { createStore, type Store } from './store.ts'

/** The state of the cache. */
export interface Memory {
  /** The cached answers. */
  readonly store: Store
  /** The reads in progress. */
  readonly flights: Flights
  /** The secrets that were written recently. */
  readonly settling: Settling
  /**
   * Drops the answers about a secret, in all regions and for all credentials. The results of reads in progress will not be
   * cached.
   */
  drop: (secret: string) => void
  /**
   * Drops all answers. The results of reads in progress will not be cached.
   *
   * @param maximumBytes the new limit on the memory for values
   */
  clear: (maximumBytes: number) => void
}

export function createMemory (maximumBytes: number, monotonic: Monotonic): Memory {
  let store = createStore(maximumBytes)
  const flights = createFlights()
  return {
    get store () {
      return store
    },
    flights,
    settling: createSettling(monotonic),
    drop (secret) {
      flights.outdate(secret)
      store.drop(secret)
    },
    clear (nextMaximum) {
      flights.outdate()
      store = createStore(nextMaximum)
    }
  }
}
