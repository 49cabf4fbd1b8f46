import { randomBytes } from 'node:crypto'
import {
  closeSync, existsSync, fsyncSync, globSync, linkSync, openSync, readFileSync, rmSync, statSync, writeSync
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { keyBytes } from './sealing.ts'

/**
 * Reads the master key from a file, or makes the file where neither it nor the database is there yet.
 *
 * Throws, naming the file and what to do, if others may read it, if it isn't a key, or if it is missing beside a database.
 */
export function loadMasterKey (file: string, databaseFile: string): Uint8Array {
  // Asked for in this order: another process, starting at the same time, makes the key before the database.
  const hasDatabase = existsSync(databaseFile)
  if (!existsSync(file)) {
    if (hasDatabase) {
      throw new Error(`The master key ${file} is missing, and nothing in ${databaseFile} can be read without it. Put the key back, or remove the database to start with an empty one.`)
    }
    createKeyFile(file)
  }
  removeUnfinished(file)
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new Error(`The master key ${file} can be read or written by others than its owner. Allow only the owner: chmod 600 ${file}`)
  }
  const key = readFileSync(file)
  if (key.length !== keyBytes) {
    throw new Error(`The master key ${file} has ${key.length} bytes and must have ${keyBytes}. Put the right file back, or remove it and the database to start with an empty one.`)
  }
  return key
}

/** A program killed half way must not leave half a key: the file appears under its name only when it is whole. */
function createKeyFile (file: string): void {
  const unfinished = `${file}.${randomBytes(6).toString('hex')}`
  const descriptor = openSync(unfinished, 'wx', 0o600)
  try {
    writeSync(descriptor, randomBytes(keyBytes))
    fsyncSync(descriptor)
    linkSync(unfinished, file)
  } catch (error) {
    // Where another process was faster its key is the one, and it may have swept this one away.
    if (!existsSync(file)) throw error
  } finally {
    closeSync(descriptor)
    rmSync(unfinished, { force: true })
  }
}

/** Removes what a program that was killed has left: it may be a second copy of the key. */
function removeUnfinished (file: string): void {
  const folder = dirname(file)
  for (const unfinished of globSync(`${basename(file)}.????????????`, { cwd: folder })) rmSync(join(folder, unfinished), { force: true })
}
