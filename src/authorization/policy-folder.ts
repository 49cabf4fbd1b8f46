import { isUtf8 } from 'node:buffer'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '#src/problems/problem'
import { PolicyError, policySetFrom, type PolicyFile, type PolicySet } from './policies.ts'

/**
 * Reads the files with a given name ending in a folder and its subfolders, sorted by path. Skips paths with a name that begins
 * with a dot: editors and Kubernetes create such files and folders for themselves.
 *
 * @throws PolicyError if something can't be read
 */
export function filesIn (folder: string, ending: string): PolicyFile[] {
  const paths = attempt(folder, () => readdirSync(folder, { recursive: true, encoding: 'utf8' }))
  const wanted = paths.filter((path) => path.endsWith(ending) && !path.split(/[/\\]/).some((name) => name.startsWith('.')))
  return wanted.sort().map((path) => {
    const file = join(folder, path)
    const bytes = attempt(file, () => readFileSync(file))
    if (!isUtf8(bytes)) throw new PolicyError([{ file, line: 1, message: 'the file is not UTF-8' }])
    return { file, text: bytes.toString() }
  })
}

/**
 * Reads the policies in the `*.cedar` files of a folder.
 *
 * @throws PolicyError
 */
export const readPolicies = (folder: string): PolicySet => policySetFrom(filesIn(folder, '.cedar'))

function attempt<T> (file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new PolicyError([{ file, line: 1, message: `${errorCode(error)} on reading it` }])
  }
}
