import { readFileSync } from 'node:fs'
import { reasonOf } from './system-error.ts'
import { CommandFailure } from './terminal.ts'

/**
 * Reads a file.
 *
 * @throws CommandFailure if it can't be read
 */
export function contentOf (file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new CommandFailure(`${file} can't be read: ${reasonOf(error)}`)
  }
}
