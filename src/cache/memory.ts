import type { ReadSecret } from '#src/aws/secret'
import type { Monotonic } from '#src/clock'
import { createFlights, type Flights } from './flights.ts'
import type { Description } from './cached-secret.ts'
import { createSettling, type Settling } from './settling.ts'
import { createStore, type Store } from './store.ts'

/** The state of the cache. */
export interface Memory {
  /** The cached answers. */
  readonly store: Store
  /** The value reads in progress. */
  readonly flights: Flights<ReadSecret>
  /** The reads of descriptions in progress. */
  readonly descriptionFlights: Flights<Description>
  /** The secrets that were written recently. */
  readonly settling: Settling
  /**
   * Drops the answers about a secret that has changed, in all regions and for all credentials. The results of reads in progress
   * will not be cached.
   *
   * @param settlingTime the time for which AWS may return an earlier state, in milliseconds
   */
  changed: (secret: string, settlingTime: number) => void
  /**
   * Drops all answers. The results of reads in progress will not be cached.
   *
   * @param maximumBytes the new limit on the memory for values
   */
  clear: (maximumBytes: number) => void
}

export function createMemory (maximumBytes: number, monotonic: Monotonic): Memory {
  let store = createStore(maximumBytes)
  const flights = createFlights<ReadSecret>()
  const descriptionFlights = createFlights<Description>()
  const settling = createSettling(monotonic)
  return {
    get store () {
      return store
    },
    flights,
    descriptionFlights,
    settling,
    changed (secret, settlingTime) {
      settling.add(secret, settlingTime)
      flights.outdate(secret)
      descriptionFlights.outdate(secret)
      store.drop(secret)
    },
    clear (nextMaximum) {
      flights.outdate()
      descriptionFlights.outdate()
      store = createStore(nextMaximum)
    }
  }
}
