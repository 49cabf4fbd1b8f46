import type { OperationContext } from '#src/local-backend/rules/context'
import { writeAndFollow } from '#src/local-backend/rules/replication'
import { hasExpired, purgeExpired } from '#src/local-backend/store/secrets'

/** What an operation does with the database. Only one process at a time can write, and the others then wait. */
export type Access = 'none' | 'reads' | 'writes'

type Run = <Output>(context: OperationContext, work: () => Output) => Output

/** Carries out an operation, deletes for good what is due, and lets replicas follow what was written. */
export const transactions: Record<Access, Run> = {
  none: (_context, work) => work(),
  reads (context, work) {
    const { store, now, afterwards } = context
    const output = store.database.read(work)
    if (afterwards.length > 0 || hasExpired(store, now)) {
      transactions.writes(context, () => {
        for (const write of afterwards) write()
      })
    }
    return output
  },
  writes: (context, work) => writeAndFollow(context, () => {
    purgeExpired(context.store, context.now)
    return work()
  })
}
