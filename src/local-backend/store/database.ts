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
  /** Carries out `work` whole or, if it throws, not at all. What it has returned from is on the disk. */
  transaction: <Result>(work: (connection: DatabaseSync) => Result) => Result
  close: () => void
}

/** Milliseconds to wait for another process that is writing. */
const busyTimeout = 5000

/** Opens a database file, made readable by its owner alone where it isn't there yet, or a database in memory. */
export function openDatabase (file?: string): Database {
  // SQLite gives its log files the mode of the database.
  if (file !== undefined) closeSync(openSync(file, 'a', 0o600))
  const connection = new DatabaseSync(file ?? ':memory:', { timeout: busyTimeout, enableForeignKeyConstraints: true })
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON')
  const statements = new Map<string, unknown>()

  return {
    statement<Row> (sql: string) {
      const statement = statements.get(sql) ?? connection.prepare(sql)
      statements.set(sql, statement)
      // What a row holds stands in the SQL, out of the compiler's sight; STRICT tables hold the columns to their types.
      return statement as Statement<Row>
    },
    transaction (work) {
      connection.exec('BEGIN IMMEDIATE')
      try {
        const result = work(connection)
        connection.exec('COMMIT')
        return result
      } catch (error) {
        // A full disk, for one, makes SQLite roll back by itself.
        if (connection.isTransaction) connection.exec('ROLLBACK')
        throw error
      }
    },
    close: () => { connection.close() }
  }
}
