import { type Scope } from '../store/secrets.ts'
import { type Store } from '../store/store.ts'

/** What an operation works with. It is carried out in one transaction: what it throws, it has not done. */
export interface OperationContext {
  store: Store
  /** The account and region of the caller's signature. */
  scope: Scope
  /** Milliseconds since the epoch. */
  now: number
}
