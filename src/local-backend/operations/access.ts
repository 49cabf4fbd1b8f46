import type { OperationContext } from '#src/local-backend/rules/context'
import { writeAndReplicate } from '#src/local-backend/rules/replication'
import { hasExpired, purgeExpired } from '#src/local-backend/store/secrets'

/** An operation's access to the database. SQLite lets only one process write at a time, so the others have to wait. */
export type Access = 'none' | 'reads' | 'writes'

type Run = <Output>(context: OperationContext, work: () => Output) => Output

/**
 * The functions that run an operation in the transaction that it needs. `reads` and `writes` also purge secrets whose recovery
 * window has ended, and `writes` updates replicas.
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
