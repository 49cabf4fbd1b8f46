import { randomUUID } from 'node:crypto'
import { closeSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { reasonOf } from './system-error.ts'
import { CommandFailure } from './terminal.ts'

/**
 * Creates a file that only this user can read. If its content can't be written, as on a full disk, removes the file.
 *
 * @throws Node's own error, for example if the file exists
 */
export function createPrivate (file: string, content: string | Buffer): void {
  const descriptor = openSync(file, 'wx', 0o600)
  removedOnFailure(file, () => {
    try {
      writeFileSync(descriptor, content)
    } finally {
      closeSync(descriptor)
    }
  })
}

/**
 * Replaces the content of a file that only this user can read, or creates the file. Readers see either the whole old content or
 * the whole new content.
 *
 * @param subject the file, in the words of the error
 * @throws CommandFailure if it can't be written
 */
export function replacePrivate (file: string, content: string, subject = file): void {
  const temporary = `${file}.${randomUUID()}`
  try {
    createPrivate(temporary, content)
    removedOnFailure(temporary, () => { renameSync(temporary, file) })
  } catch (error) {
    throw new CommandFailure(`${subject} can't be written: ${reasonOf(error)}`)
  }
}

function removedOnFailure (file: string, act: () => void): void {
  try {
    act()
  } catch (error) {
    rmSync(file, { force: true })
    throw error
  }
}
