import { closeSync, openSync } from 'node:fs'
import { constants, DatabaseSync, type SQLInputValue } from 'node:sqlite'

type Parameters = Record<string, SQLInputValue>

/** A prepared statement with named parameters. `Row` is the type of the rows that the statement returns. */
export interface Statement<Row> {
  get: (parameters: Parameters) => Row | undefined
  all: (parameters: Parameters) => Row[]
  /** Returns rows lazily, for callers that may not need them all. */
  iterate: (parameters: Parameters) => Iterable<Row>
  run: (parameters: Parameters) => void
}

/** An open database, which manages transactions and caches prepared statements. */
export interface Database {
  statement: <Row>(sql: string) => Statement<Row>
  /** Runs `work`, which must not write, on a consistent snapshot of the database. Never waits for other processes. */
  read: <Result>(work: () => Result) => Result
  /** Runs `work` in a write transaction, which is rolled back if `work` throws. The changes are on disk when this returns. */
  write: <Result>(work: (connection: DatabaseSync) => Result) => Result
  /** Calls the listener with the changes of each `write` that changed anything, in SQLite's own format. */
  onChange: (listener: (changeset: Uint8Array) => void) => void
  /**
   * Applies the changes of a `write` on another database. Both databases must have the same rows, but their values may differ,
   * because claims on rotations are also renewed outside a `write`.
   *
   * @throws Error if the rows differ
   */
  apply: (changeset: Uint8Array) => void
  /** Runs part of a `write` in a savepoint. If `work` throws, only its own changes are rolled back, and the error is rethrown. */
  nested: (work: () => void) => void
  close: () => void
}

/** The longest time to wait for another process that is writing, in milliseconds. The wait blocks the event loop. */
const busyTimeout = 500
/**
 * The longest time to wait for another process while a database is being opened, in milliseconds. It is longer than
 * `busyTimeout`, because the other process may be creating the database.
 */
const openingBusyTimeout = 5000

/**
 * Opens a database and runs `prepare` on it. If the file doesn't exist, creates it with access for its owner only. If `file` is
 * undefined, opens a database in memory.
 *
 * @param isCopy true for a database that only applies the changes of another. It does not enforce foreign keys, because the
 *   changes already include their effects.
 * @throws Error from SQLite or from `prepare`, after closing the database
 */
export function openDatabase (
  file: string | undefined, prepare: (database: Database) => void, { isCopy = false }: { isCopy?: boolean } = {}
): Database {
  // Creates the file first to set its permissions. SQLite gives the same permissions to the WAL files.
  if (file !== undefined) closeSync(openSync(file, 'a', 0o600))
  const connection = new DatabaseSync(file ?? ':memory:', { timeout: openingBusyTimeout, enableForeignKeyConstraints: !isCopy })
  try {
    switchToWal(connection)
    connection.exec('PRAGMA synchronous = FULL; PRAGMA secure_delete = ON')
    const database = databaseOf(connection)
    prepare(database)
    connection.exec(`PRAGMA busy_timeout = ${busyTimeout}`)
    return database
  } catch (error) {
    connection.close()
    throw error
  }
}

/**
 * Switches a database to write-ahead logging (WAL). The switch upgrades a read lock, and SQLite ignores the busy timeout for such
 * an upgrade. If another process is writing or switching, the switch fails immediately, so this function retries it.
 */
function switchToWal (connection: DatabaseSync): void {
  const deadline = performance.now() + openingBusyTimeout
  for (;;) {
    try {
      connection.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

/**
 * Returns true if the error is SQLITE_BUSY, which has the result code 5. `errcode` can be an extended result code, such as that
 * of SQLITE_BUSY_RECOVERY. The last byte of an extended code is the plain result code.
 */
export function isBusy (error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5
}

function databaseOf (connection: DatabaseSync): Database {
  const statements = new Map<string, unknown>()
  const listeners: ((changeset: Uint8Array) => void)[] = []

  function transaction<Result> (begin: string, work: (connection: DatabaseSync) => Result): Result {
    connection.exec(begin)
    try {
      const result = work(connection)
      connection.exec('COMMIT')
      return result
    } catch (error) {
      // Some errors, such as a full disk, make SQLite roll back automatically.
      if (connection.isTransaction) connection.exec('ROLLBACK')
      throw error
    }
  }

  return {
    statement<Row> (sql: string) {
      const statement = statements.get(sql) ?? connection.prepare(sql)
      statements.set(sql, statement)
      // The compiler can't infer the row type from the SQL. The tables are STRICT, so columns always have their declared types.
      return statement as Statement<Row>
    },
    read: (work) => transaction('BEGIN', work),
    // IMMEDIATE takes the write lock right away. Without it, a transaction that first reads and then writes would fail if another
    // process wrote in between.
    write (work) {
      if (listeners.length === 0) return transaction('BEGIN IMMEDIATE', work)
      const session = connection.createSession()
      try {
        const result = transaction('BEGIN IMMEDIATE', work)
        const changeset = session.changeset()
        if (changeset.length > 0) for (const listener of listeners) listener(changeset)
        return result
      } finally {
        session.close()
      }
    },
    onChange (listener) { listeners.push(listener) },
    apply (changeset) {
      const { SQLITE_CHANGESET_ABORT, SQLITE_CHANGESET_DATA, SQLITE_CHANGESET_REPLACE } = constants
      const onConflict = (type: number): number =>
        type === SQLITE_CHANGESET_DATA ? SQLITE_CHANGESET_REPLACE : SQLITE_CHANGESET_ABORT
      if (!connection.applyChangeset(changeset, { onConflict })) throw new Error('The changes do not fit this database')
    },
    nested (work) {
      connection.exec('SAVEPOINT nested')
      try {
        work()
      } catch (error) {
        if (connection.isTransaction) connection.exec('ROLLBACK TO nested')
        throw error
      } finally {
        if (connection.isTransaction) connection.exec('RELEASE nested')
      }
    },
    close: () => { connection.close() }
  }
}
