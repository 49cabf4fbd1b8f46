import type { Principal } from '#src/local-backend/principal'
import type { Scope } from '#src/local-backend/scope'
import type { Store } from '#src/local-backend/store/store'
import type { RotationService } from './rotation.ts'

/** What an operation works with. It is carried out in one transaction: what it throws, it has not done. */
export interface OperationContext {
  store: Store
  /** The account and region of the caller's signature. */
  scope: Scope
  /** Where the secret is that it is about, if that's another account's and policies of both let the caller do it. */
  foreign?: Scope | undefined
  /** Milliseconds since the epoch. */
  now: number
  /** What an operation that only reads leaves to be written, in a transaction of its own, once it has its answer. */
  afterwards: (() => void)[]
  rotations: RotationService
}

/** Who asks, and from where. */
export interface Caller {
  principal: Principal
  /** The address that the request came from. */
  sourceIp: string
}

/** What an operation works with that somebody asked for. */
export interface CallContext extends OperationContext {
  caller: Caller
}
