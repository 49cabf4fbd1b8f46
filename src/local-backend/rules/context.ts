import type { Principal } from '#src/local-backend/principal'
import type { Scope } from '#src/local-backend/scope'
import type { Store } from '#src/local-backend/store/store'
import type { SimulatedFaults } from './simulated-faults.ts'
import type { RotationService } from './rotation.ts'

/**
 * Everything that an operation needs. An operation that uses the store runs in one transaction, which is rolled back if the
 * operation throws.
 */
export interface OperationContext {
  /** The store. For an operation that only reads, it may lag behind. */
  store: Store
  /** The account and region that the request is signed for. */
  scope: Scope
  /**
   * The account and region of the requested secret, if another account owns it and the policies of both accounts allow the call.
   */
  foreign?: Scope | undefined
  /** The current time, in milliseconds since the epoch. */
  now: number
  /**
   * Changes to the store that a read-only operation causes, such as recording the day of access. After the operation has
   * completed, they are written in a separate transaction. They go to the store itself, even if the operation has read a copy.
   */
  deferredWrites: ((store: Store) => void)[]
  rotations: RotationService
  faults: SimulatedFaults
}

/** The sender of a request. */
export interface Caller {
  principal: Principal
  /** The IP address that the request came from. */
  sourceIp: string
}

/** The context of an operation, with the caller that requested it. */
export interface CallContext extends OperationContext {
  caller: Caller
}
