import { closeSync, openSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

type Parameters = Record<string, SQLInputValue>

/** A prepared statement. `Row` is what its SELECT gives; parameters are by name. */
export interface Statement<Row> {
  get: (parameters: Parameters) => Row | undefined
  all: (parameters: Parameters) => Row[]
  /** Row by row, for one that may stop early. */
  iterate: (parameters: Parameters) => Iterable<Row>
  run: (parameters: Parameters) => void
}

/** An open database: statements that are prepared once, and transactions. */
export interface Database {
  statement: <Row>(sql: string) => Statement<Row>
  /** Carries out `work`, which only reads, on the database as it is at one moment. It waits for nobody. */
  read: <Result>(work: () => Result) => Result
  /** Carries out `work` whole or, if it throws, not at all. What it has returned from is on the disk. */
  write: <Result>(work: (connection: DatabaseSync) => Result) => Result
  /** Within a `write`, carries out a part of it whole or, if it throws, not at all; what else was written stays. */
  nested: (work: () => void) => void
  close: () => void
}

/** Milliseconds to wait for another process that is writing: nothing else is done meanwhile. */
const busyTimeout = 500
/** The same while the database is opened, which another process may just be making. */
const busyTimeoutOfOpening = 5000

/**
 * Opens a database file, made readable by its owner alone where it isn't there yet, or a database in memory, and prepares it.
 * Throws what SQLite and `prepare` throw; nothing is then left open.
 */
export function openDatabase (file: string | undefined, prepare: (database: Database) => void): Database {
  // SQLite gives its log files the mode of the database.
  if (file !== undefined) closeSync(openSync(file, 'a', 0o600))
  const connection = new DatabaseSync(file ?? ':memory:', { timeout: busyTimeoutOfOpening, enableForeignKeyConstraints: true })
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
  const deadline = performance.now() + busyTimeoutOfOpening
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
      // A full disk, for one, makes SQLite roll back by itself.
      if (connection.isTransaction) connection.exec('ROLLBACK')
      throw error
    }
  }

  return {
    statement<Row> (sql: string) {
      const statement = statements.get(sql) ?? connection.prepare(sql)
      statements.set(sql, statement)
      // What a row holds stands in the SQL, out of the compiler's sight; STRICT tables hold the columns to their types.
      return statement as Statement<Row>
    },
    read: (work) => transaction('BEGIN', work),
    // A transaction that began by reading could not go on to write once another process has written.
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
