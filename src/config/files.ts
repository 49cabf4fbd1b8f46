import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { errorCode } from '#src/problems/problem'
import { ConfigError } from './issues.ts'

/**
 * The text of a file that the configuration names.
 *
 * @param key where it is named
 * @param folder what a relative path starts from
 * @throws ConfigError
 */
export function readNamedFile (key: string, file: string, folder: string): string {
  const path = resolve(folder, file)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError([{ key, found: `${errorCode(error)} on reading ${path}`, expected: 'a file that can be read' }])
  }
}
