import { randomBytes } from 'node:crypto'
import {
  closeSync, existsSync, fsyncSync, globSync, linkSync, openSync, readFileSync, rmSync, statSync, writeSync
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { keyBytes } from './sealing.ts'

/**
 * Reads the master key from a file. Creates the key first if neither the file nor the database exists.
 *
 * @throws Error that names the file and the remedy, if other users can access the file, if it doesn't contain a key, or if it is
 * missing although the database exists
 */
export function loadMasterKey (file: string, databaseFile: string): Uint8Array {
  // Checks for the database before the key. In the other order, another process could create both files between the two checks,
  // and the key would seem to be missing although the database exists.
  const hasDatabase = existsSync(databaseFile)
  if (!existsSync(file)) {
    if (hasDatabase) {
      throw new Error(`The master key ${file} is missing, and nothing in ${databaseFile} can be read without it. Put the key back, or remove the database to start with an empty one.`)
    }
    createKeyFile(file)
  }
  removeUnfinished(file)
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new Error(`The master key ${file} can be read or written by other users. Allow only its owner: chmod 600 ${file}`)
  }
  const key = readFileSync(file)
  if (key.length !== keyBytes) {
    throw new Error(`The master key ${file} has ${key.length} bytes, but must have ${keyBytes}. Put the right file back, or remove it and the database to start with an empty one.`)
  }
  return key
}

/** Creates the key file atomically, so a process that is killed never leaves an incomplete key. */
function createKeyFile (file: string): void {
  const unfinished = `${file}.${randomBytes(6).toString('hex')}`
  const descriptor = openSync(unfinished, 'wx', 0o600)
  try {
    writeSync(descriptor, randomBytes(keyBytes))
    fsyncSync(descriptor)
    linkSync(unfinished, file)
  } catch (error) {
    // Another process may have created the key file first, and may also have removed this unfinished file. Then that process's
    // key is the valid one.
    if (!existsSync(file)) throw error
  } finally {
    closeSync(descriptor)
    rmSync(unfinished, { force: true })
  }
}

/** Removes the unfinished files that killed processes left behind, because each may be a copy of the key. */
function removeUnfinished (file: string): void {
  const folder = dirname(file)
  for (const unfinished of globSync(`${basename(file)}.????????????`, { cwd: folder })) rmSync(join(folder, unfinished), { force: true })
}
