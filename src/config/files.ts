import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { errorCode } from '#src/problems/problem'
import { ConfigError } from './issues.ts'
import { recordState } from './file-states.ts'

/**
 * Reads a text file named in the configuration.
 *
 * @param key the configuration key that names the file, for the error message
 * @param folder the base of a relative path
 * @throws ConfigError if it can't be read
 */
export function readNamedFile (key: string, file: string, folder: string): string {
  const path = resolve(folder, file)
  recordState(path)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError([{ key, found: `${errorCode(error)} on reading ${path}`, expected: 'a file that can be read' }])
  }
}
