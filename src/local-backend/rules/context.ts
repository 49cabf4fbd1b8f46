import type { Scope } from '../scope.ts'
import type { Store } from '../store/store.ts'

/** What an operation works with. It is carried out in one transaction: what it throws, it has not done. */
export interface OperationContext {
  store: Store
  /** The account and region of the caller's signature. */
  scope: Scope
  /** Milliseconds since the epoch. */
  now: number
  /** What an operation that only reads leaves to be written, in a transaction of its own, once it has its answer. */
  afterwards: (() => void)[]
}
