import type { OperationContext } from '#src/local-backend/rules/context'
import { writeAndReplicate } from '#src/local-backend/rules/replication'
import { hasExpired, purgeExpired } from '#src/local-backend/store/secrets'

/** The database access of an operation. SQLite lets only one process write at a time, and the others wait. */
export type Access = 'none' | 'reads' | 'writes'

type Run = <Output>(context: OperationContext, work: () => Output) => Output

/**
 * Runs an operation in the transaction that it needs. Also purges the secrets that are due for deletion, and updates replicas
 * after a write.
 */
export const transactions: Record<Access, Run> = {
  none: (_context, work) => work(),
  reads (context, work) {
    const { store, now, deferredWrites } = context
    const output = store.database.read(work)
    if (deferredWrites.length > 0 || hasExpired(store, now)) {
      transactions.writes(context, () => {
        for (const write of deferredWrites) write()
      })
    }
    return output
  },
  writes: (context, work) => writeAndReplicate(context, () => {
    purgeExpired(context.store, context.now)
    return work()
  })
}
