import type { Monotonic } from '#src/clock'
import { getOrCreate } from '#src/collections/get-or-create'
import { createBreaker, type Breaker } from './breaker.ts'
import { createLane, type Lane, type LaneSettings } from './lane.ts'
import type { TokenBucket } from './token-bucket.ts'
import { createWakeTimer } from './wake-timer.ts'

/**
 * The admission control for the calls with one credential to one region. A call passes the circuit breaker first, and then waits
 * in the lane.
 */
export interface Gate {
  readonly breaker: Breaker
  readonly lane: Lane
}

/** A gate, with the credential and the region that it belongs to. */
export interface NamedGate extends Gate {
  readonly credentialId: string
  readonly region: string
}

/** The gates of this process. */
export interface Gates {
  /** Returns the gate of a credential and region. The same arguments always return the same gate. */
  readonly gateOf: (credentialId: string, region: string, quotas: Quotas) => Gate
  /** Returns the gates that have been used so far. */
  readonly all: () => Iterable<NamedGate>
}

/** The quotas that apply. The embedded backend has none. */
export type Quotas = 'aws' | 'none'

export interface AdmissionOptions {
  /** Returns the current settings of all lanes. */
  settings: () => LaneSettings
  /**
   * Creates the token buckets of one account and region, which `place` identifies. Returns a function that looks up the bucket of
   * an operation. A bucket calls `onTokens` if tokens may be available earlier than its last `wait` predicted.
   */
  buckets: Readonly<Record<Quotas, (place: string, onTokens: () => void) => (operation: string) => TokenBucket>>
  /** Returns an identifier of a credential's account. Two identifiers may stand for the same account. */
  accountOf: (credentialId: string) => string
  monotonic: Monotonic
}

/**
 * Creates the gates of this process. They outlive requests and reloads of the configuration.
 *
 * AWS's quotas are per account and region, so credentials of the same account share their token buckets. Everything else is per
 * credential and region, like the connections. So a credential that fails or is slow in one region does not affect any other.
 */
export function createGates ({ settings, buckets, accountOf, monotonic }: AdmissionOptions): Gates {
  const gates = new Map<string, NamedGate>()
  const accounts = new Map<string, (operation: string) => TokenBucket>()
  const timer = createWakeTimer(monotonic)

  function create (credentialId: string, region: string, quotas: Quotas): NamedGate {
    // Looks up the account for each call, because a reload may change it.
    const bucketOf = (operation: string): TokenBucket => {
      const place = JSON.stringify([accountOf(credentialId), region, quotas])
      return getOrCreate(accounts, place, () => buckets[quotas](place, timer.wakeAll))(operation)
    }
    return { credentialId, region, breaker: createBreaker(monotonic), lane: createLane(settings, bucketOf, monotonic, timer) }
  }

  return {
    gateOf: (credentialId, region, quotas) =>
      getOrCreate(gates, JSON.stringify([credentialId, region, quotas]), () => create(credentialId, region, quotas)),
    all: () => gates.values()
  }
}
