import type { Principal } from '#src/local-backend/principal'
import type { Scope } from '#src/local-backend/scope'
import type { Store } from '#src/local-backend/store/store'
import type { RotationService } from './rotation.ts'

/** Everything that an operation needs. Each operation runs in one transaction, which is rolled back if it throws. */
export interface OperationContext {
  store: Store
  /** The account and region that the request is signed for. */
  scope: Scope
  /** The location of the secret, if it belongs to another account and the policies of both accounts allow the call. */
  foreign?: Scope | undefined
  /** In milliseconds since the epoch. */
  now: number
  /** Writes that an operation which only reads leaves for a separate transaction after it has completed. */
  deferredWrites: (() => void)[]
  rotations: RotationService
}

/** The sender of a request. */
export interface Caller {
  principal: Principal
  /** The IP address that the request came from. */
  sourceIp: string
}

/** The context of an operation that a caller requested. */
export interface CallContext extends OperationContext {
  caller: Caller
}
