import type { Monotonic } from '#src/clock'
import { createFlights, type Flights } from './flights.ts'
import { createSettling, type Settling } from './settling.ts'
import { createStore, type Store } from './store.ts'

/** Everything that the cache knows. */
export interface Memory {
  /** What AWS has answered. */
  readonly store: Store
  /** The reads that are under way. */
  readonly flights: Flights
  /** The secrets that have been written lately. */
  readonly settling: Settling
  /**
   * Drops a secret that is changed, in all regions and for all credentials. Reads that are under way are not kept.
   *
   * @param settlingTime how long AWS may show an earlier state, in milliseconds
   */
  changed: (secret: string, settlingTime: number) => void
  /** Drops everything. */
  clear: (maximumBytes: number) => void
}

export function createMemory (maximumBytes: number, monotonic: Monotonic): Memory {
  let store = createStore(maximumBytes)
  const flights = createFlights()
  const settling = createSettling(monotonic)
  return {
    get store () {
      return store
    },
    flights,
    settling,
    changed (secret, settlingTime) {
      settling.add(secret, settlingTime)
      flights.outdate(secret)
      store.drop(secret)
    },
    clear (nextMaximum) {
      flights.outdate()
      store = createStore(nextMaximum)
    }
  }
}
