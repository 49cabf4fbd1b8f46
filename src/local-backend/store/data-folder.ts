import { mkdirSync, statSync } from 'node:fs'

/**
 * Makes the data folder, for its owner alone, where it isn't there yet. Throws, naming it and what to do, if it can't be made,
 * or if others could put files of theirs in it.
 */
export function prepareDataFolder (dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Error(`The data folder ${dataDir} can't be made (${String(error)}). Name another folder, or remove what is in its way.`, { cause: error })
  }
  if ((statSync(dataDir).mode & 0o022) !== 0) {
    throw new Error(`The data folder ${dataDir} can be written by others than its owner. Allow only the owner: chmod go-w ${dataDir}`)
  }
}
