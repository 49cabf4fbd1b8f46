import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { errorCode } from '#src/problems/problem'
import { UnusableTrail } from './settings.ts'

/**
 * Locks a trail, so that no other process writes to it. The kernel releases the lock when the process ends, even after a crash.
 * Node.js has no API for file locks, so this uses the lock that SQLite holds on a database file.
 *
 * @returns a function that releases the lock
 * @throws UnusableTrail if another process holds the lock
 */
export function lockTrail (file: string): () => void {
  const lockFile = `${file}.lock`
  try {
    // Creates the file with mode 0600. Never opens an existing file: with POSIX advisory locks, closing any descriptor of a file
    // releases all locks that the process holds on it.
    closeSync(openSync(lockFile, 'wx', 0o600))
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
  const database = new DatabaseSync(lockFile, { timeout: 0 })
  try {
    // The transaction writes nothing. It only holds the lock.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    // 5 is SQLITE_BUSY.
    const busy = error instanceof Error && 'errcode' in error && error.errcode === 5
    throw busy ? new UnusableTrail('audit.file', `${file}, which another process writes`, 'a file of its own for each process') : error
  }
  return () => { database.close() }
}
