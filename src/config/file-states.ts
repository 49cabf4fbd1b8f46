import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '#src/problems/problem'

/** The state of files and folders when they were read, keyed by path. Two states differ if the contents may differ. */
export type FileStates = ReadonlyMap<string, string>

/** The states that the current load has recorded. Loading a configuration is synchronous, so only one load runs at a time. */
let running: Map<string, string> | undefined

/** Records the state of a file or a folder. Must be called before it is read, so that a later change is not missed. */
export function recordState (path: string): void {
  running?.set(path, stateOf(path))
}

/** Runs a load, and adds the state of all files that it reads to `states`, even if it throws. */
export function recordStates<T> (states: Map<string, string>, load: () => T): T {
  running = states
  try {
    return load()
  } finally {
    running = undefined
  }
}

/**
 * Returns the state of a file, or of all files in a folder: their numbers, sizes and times. Skips names that start with a dot,
 * because the configuration does not include such files. Symbolic links are followed, so replacing a link counts as a change.
 */
export function stateOf (path: string): string {
  try {
    const stats = statSync(path, { bigint: true })
    if (!stats.isDirectory()) return [stats.dev, stats.ino, stats.size, stats.mtimeNs].join(' ')
    const names = readdirSync(path).filter((name) => !name.startsWith('.')).sort()
    return names.map((name) => `${name}: ${stateOf(join(path, name))}`).join('\n')
  } catch (error) {
    return errorCode(error)
  }
}
