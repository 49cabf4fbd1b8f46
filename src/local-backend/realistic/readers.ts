import { openDatabase, type Database } from '#src/local-backend/store/database'
import { migrate } from '#src/local-backend/store/migrations'
import type { Store } from '#src/local-backend/store/store'

/** A copy of the store that lags behind it. */
export interface Reader {
  /** Returns the copy as it is at this time, in milliseconds since the epoch. */
  at: (now: number) => Store
  /** Copies all changes so far, including those that are not due yet. */
  settle: () => void
  close: () => void
}

interface Change {
  changeset: Uint8Array
  /** The time at which the reader begins to show the change, in milliseconds since the epoch. */
  due: number
}

/**
 * Creates a reader of a store, which must still be empty. The reader shows the store's changes in the order in which they were
 * made, as a replica of a database does.
 *
 * @param now the clock of the backend, in milliseconds since the epoch
 * @param lag returns the delay of the next change, in milliseconds
 */
export function createReader (store: Store, now: () => number, lag: () => number): Reader {
  const database = openDatabase(undefined, (opened) => { opened.write(migrate) }, { isCopy: true })
  const copy = { ...store, database }
  const waiting: Change[] = []
  store.database.onChange((changeset) => {
    waiting.push({ changeset, due: Math.max(waiting.at(-1)?.due ?? 0, now() + lag()) })
  })
  return {
    at (time) {
      const later = waiting.findIndex(({ due }) => due > time)
      apply(database, waiting.splice(0, later === -1 ? waiting.length : later))
      return copy
    },
    settle: () => { apply(database, waiting.splice(0)) },
    close: () => { database.close() }
  }
}

function apply (database: Database, changes: readonly Change[]): void {
  for (const { changeset } of changes) database.apply(changeset)
}
