import { resolve } from 'node:path'
import type { Terminal } from '#src/cli/terminal'
import { findProjectFile, readProject } from './project-file.ts'

/**
 * Reads the project file of the working folder, or the file that SECRETS_GATEWAY_PROJECT_FILE names. If the variable is empty,
 * there is no project file.
 *
 * @returns a function that returns the project, or throws the error from reading it. So commands that need no project don't fail
 * because of the error.
 */
export async function projectOf ({ env, folder }: Terminal): Promise<Terminal['project']> {
  if (folder === undefined) return () => undefined
  const named = env.SECRETS_GATEWAY_PROJECT_FILE
  const file = named ?? findProjectFile(folder)
  if (file === undefined || file === '') return () => undefined
  try {
    const project = await readProject(resolve(folder, file), named !== undefined)
    return () => project
  } catch (error) {
    return () => { throw error }
  }
}
