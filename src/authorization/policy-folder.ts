import { isUtf8 } from 'node:buffer'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '#src/problems/problem'
import { PolicyError, policySetFrom, type PolicyFile, type PolicySet } from './policies.ts'

/**
 * Reads the files whose names have the given ending, in a folder and its subfolders. Sorts them by path. Skips files and folders
 * whose names start with a dot, because editors and Kubernetes create those for their own use.
 *
 * @throws PolicyError if the folder or a file can't be read, or a file is not UTF-8
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

/** Reads the policies in the `*.cedar` files of a folder. @throws PolicyError if a file can't be read or is invalid */
export const readPolicies = (folder: string): PolicySet => policySetFrom(filesIn(folder, '.cedar'))

function attempt<T> (file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new PolicyError([{ file, line: 1, message: `${errorCode(error)} on reading it` }])
  }
}
