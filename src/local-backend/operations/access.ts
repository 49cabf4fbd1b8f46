import type { OperationContext } from '#src/local-backend/rules/context'
import { writeAndReplicate } from '#src/local-backend/rules/replication'
import { hasExpired, purgeExpired } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'

/**
 * The access to the database that an operation needs. SQLite lets only one process write at a time, so an operation that only
 * reads should not require `writes`.
 */
export type Access = 'none' | 'reads' | 'writes'

/** @param written the store that write transactions use; an operation that only reads may use a copy of it */
type Run = <Output>(context: OperationContext, written: Store, work: () => Output) => Output

/**
 * The functions that run an operation in the transaction that it needs. Every write transaction also updates replicas and purges
 * secrets whose recovery window has ended. `reads` runs the operation in a read transaction. A write transaction follows only if
 * the operation has deferred any writes or if there are secrets to purge.
 */
export const transactions: Record<Access, Run> = {
  none: (_context, _written, work) => work(),
  reads (context, written, work) {
    const { store, now, deferredWrites } = context
    const output = store.database.read(work)
    if (deferredWrites.length > 0 || hasExpired(written, now)) {
      transactions.writes({ ...context, store: written }, written, () => {
        for (const write of deferredWrites) write(written)
      })
    }
    return output
  },
  writes: (context, _written, work) => writeAndReplicate(context, () => {
    purgeExpired(context.store, context.now)
    return work()
  })
}
