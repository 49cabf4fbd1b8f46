import { isUtf8 } from 'node:buffer'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '#src/problems/problem'
import { PolicyError, policySetFrom, type PolicyFile, type PolicySet } from './policies.ts'

/**
 * The files of a folder, and of the folders in it, with a name that ends in a given way; without those whose path has a name that
 * begins with a dot, which is what editors and Kubernetes put there for themselves. In the order of their paths.
 *
 * @throws PolicyError where something can't be read
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
 * The policies in the `*.cedar` files of a folder.
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
