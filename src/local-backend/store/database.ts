import { closeSync, openSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

type Parameters = Record<string, SQLInputValue>

/** A prepared statement with named parameters. `Row` is the type of the rows that its SELECT returns. */
export interface Statement<Row> {
  get: (parameters: Parameters) => Row | undefined
  all: (parameters: Parameters) => Row[]
  /** Returns rows lazily, for callers that may not need them all. */
  iterate: (parameters: Parameters) => Iterable<Row>
  run: (parameters: Parameters) => void
}

/** An open database, with transactions and a cache of prepared statements. */
export interface Database {
  statement: <Row>(sql: string) => Statement<Row>
  /** Runs `work`, which must only read, on a consistent snapshot of the database. It never waits for other processes. */
  read: <Result>(work: () => Result) => Result
  /** Runs `work` in a transaction that is rolled back if it throws. Once this returns, the changes are on disk. */
  write: <Result>(work: (connection: DatabaseSync) => Result) => Result
  /** Runs a part of a `write` in a savepoint. If it throws, only that part is rolled back. */
  nested: (work: () => void) => void
  close: () => void
}

/** In milliseconds: the time to wait for another process that is writing. The whole process is blocked meanwhile. */
const busyTimeout = 500
/** In milliseconds: the same limit while opening a database, which another process may be creating at that moment. */
const openingBusyTimeout = 5000

/**
 * Opens a database file or, without one, a database in memory, and runs `prepare` on it. A new file is accessible only to its
 * owner.
 *
 * @throws Error the errors of SQLite and of `prepare`; the database is then closed
 */
export function openDatabase (file: string | undefined, prepare: (database: Database) => void): Database {
  // SQLite gives its log files the same permissions as the database.
  if (file !== undefined) closeSync(openSync(file, 'a', 0o600))
  const connection = new DatabaseSync(file ?? ':memory:', { timeout: openingBusyTimeout, enableForeignKeyConstraints: true })
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
 * Switches a new database to write-ahead logging. The switch upgrades a read lock, which SQLite never waits for, whatever the
 * busy timeout: it fails at once while another process writes to the database or switches it. Hence the retries.
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

/** Returns true for SQLITE_BUSY, result code 5. */
function isBusy (error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5
}

function databaseOf (connection: DatabaseSync): Database {
  const statements = new Map<string, unknown>()

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
      // The compiler can't derive the rows from the SQL. STRICT tables guarantee the types of the columns.
      return statement as Statement<Row>
    },
    read: (work) => transaction('BEGIN', work),
    // A transaction that starts with a read could not be upgraded to write after another process has written.
    write: (work) => transaction('BEGIN IMMEDIATE', work),
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
