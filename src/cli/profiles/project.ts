import { resolve } from 'node:path'
import type { Terminal } from '#src/cli/terminal'
import { findProjectFile, readProject } from './project-file.ts'

/**
 * Reads the project file of the working folder, or the one that SECRETS_GATEWAY_PROJECT_FILE names. If the variable is empty,
 * there is none.
 *
 * @returns a function that returns the project, or throws the error with which reading it failed. Commands that need no project
 *   don't fail because of it.
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
