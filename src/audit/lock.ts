import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { errorCode } from '#src/problems/problem'
import { UnusableTrail } from './settings.ts'

/**
 * Takes the lock of a trail, so that no other process writes to it. The kernel gives it back however the process ends; Node.js
 * itself has no such lock, but SQLite takes one on the file of a database.
 *
 * @returns gives it back
 * @throws UnusableTrail where another process has it
 */
export function lockTrail (file: string): () => void {
  const lockFile = `${file}.lock`
  try {
    // For its owner alone. Only where there is none: to open and close the file would give back what this process has already.
    closeSync(openSync(lockFile, 'wx', 0o600))
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
  const database = new DatabaseSync(lockFile, { timeout: 0 })
  try {
    // Nothing is ever written.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    const busy = error instanceof Error && 'errcode' in error && error.errcode === 5
    throw busy ? new UnusableTrail('audit.file', `${file}, which another process writes`, 'a file of its own for each process') : error
  }
  return () => { database.close() }
}
