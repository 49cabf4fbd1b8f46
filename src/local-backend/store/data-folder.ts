import { mkdirSync, statSync } from 'node:fs'

/**
 * Creates the data folder if it doesn't exist. Only its owner can access the new folder.
 *
 * @throws Error that names the folder and the remedy, if the folder can't be created or other users can write to it
 */
export function prepareDataFolder (dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Error(`The data folder ${dataDir} can't be created (${String(error)}). Name another folder, or remove what is in its way.`, { cause: error })
  }
  if ((statSync(dataDir).mode & 0o022) !== 0) {
    throw new Error(`The data folder ${dataDir} can be written by other users. Allow only its owner: chmod go-w ${dataDir}`)
  }
}
